// An engine's own program, asked for something.
#pragma once

#include <string>
#include <vector>

#include "nvbox/base/result.h"
#include "nvbox/sys/process.h"

namespace nvbox::engine {

struct CommandResult {
  sys::ExitStatus status{};
  std::string output{};  // on standard output
  std::string error{};   // on standard error
};

// Runs the program at `path` with `arguments` (without its name) and waits for its end, which is
// an error when it takes longer than half a minute. `search_path` is its $PATH.
Result<CommandResult> run_command(const std::string& path, std::vector<std::string> arguments,
                                  std::string_view search_path);

// What a program wrote last on standard error, or how it ended: for messages.
std::string last_words(const CommandResult& result);

}  // namespace nvbox::engine
