// The runtime that does the work: runc, crun or whatever config.toml names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "host/environment.h"

namespace nvbox::runtime {

struct LowLevel {
  std::string path{};
  // Candidates that were passed over because they are this program.
  std::vector<std::string> notes{};

  bool operator==(const LowLevel&) const = default;
};

// The first candidate that is an executable file and not this program. `search_path` is $PATH,
// `source` the key or the variable that the candidates are from.
Result<LowLevel> find_low_level(std::span<const std::string> candidates,
                                std::string_view search_path,
                                std::string_view source = "nvidia-container-runtime.runtimes");

// Of nvidia-container-runtime.experimental: the one that NVIDIA_CONTAINER_RUNTIME_PATH names, else
// nvidia-container-runtime.experimental.runtime-path, and no other in its place; where neither
// does, one of nvidia-container-runtime.runtimes.
Result<LowLevel> find_experimental_low_level(const config::Config::Runtime& config,
                                             const host::Environment& environment);

}  // namespace nvbox::runtime
