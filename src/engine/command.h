// An engine's own program, asked for something.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/process.h"

namespace nvbox::engine {

// Runs the program at `path` with `arguments` (without its name) and waits for its end, which is
// an error when it takes longer than half a minute. `search_path` is its $PATH.
Result<sys::Outcome> run_command(const std::string& path, std::vector<std::string> arguments,
                                 std::string_view search_path);

}  // namespace nvbox::engine
