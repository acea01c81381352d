// The runtime that does the work: runc, crun or whatever config.toml names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nvbox/base/result.h"

namespace nvbox::runtime {

struct LowLevel {
  std::string path{};
  // Candidates that were passed over because they are this program.
  std::vector<std::string> notes{};

  bool operator==(const LowLevel&) const = default;
};

// The first of nvidia-container-runtime.runtimes that is an executable file and not this program.
// `search_path` is $PATH.
Result<LowLevel> find_low_level(std::span<const std::string> candidates,
                                std::string_view search_path);

}  // namespace nvbox::runtime
