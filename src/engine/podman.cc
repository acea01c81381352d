#include "engine/podman.h"

#include <vector>

#include "data/toml_edit.h"
#include "engine/toml_runtime.h"

namespace nvbox::engine {

Result<std::string> configure_podman(std::string_view document, const RuntimeRequest& request) {
  auto conf = NVBOX_TRY(data::TomlDocument::parse(std::string(document)));
  NVBOX_TRY(set_default(conf, {"engine", "runtime"}, request));
  // Podman takes the first of the paths that exists.
  NVBOX_TRY(conf.set({"engine", "runtimes", request.name}, std::vector{request.path}));
  return conf.checked_text();
}

}  // namespace nvbox::engine
