// What an engine's configuration is to say about nvidia-container-runtime.
#pragma once

#include <string>

namespace nvbox::engine {

struct RuntimeRequest {
  std::string name = "nvidia";  // what users of the engine call the runtime
  std::string path{};           // of nvidia-container-runtime
  bool set_as_default = false;
  bool enable_cdi = false;
};

}  // namespace nvbox::engine
