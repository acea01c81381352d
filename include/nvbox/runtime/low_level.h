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
// A candidate with a slash is taken as it is; another is looked for in the directories of
// `search_path` ($PATH) and then in the usual ones. Relative directories are left out: they would
// make the runtime depend on where the engine happens to stand.
Result<LowLevel> find_low_level(std::span<const std::string> candidates,
                                std::string_view search_path);

// Becomes the program at `path`, with `path` and `arguments` (without the program's name) and this
// environment. Returns only when that fails.
Result<> exec_low_level(const std::string& path, std::span<const std::string_view> arguments,
                        char* const* environment);

}  // namespace nvbox::runtime
