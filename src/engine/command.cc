#include "engine/command.h"

#include <utility>

#include "base/text.h"

namespace nvbox::engine {

Result<sys::Outcome> run_command(const std::string& path, std::vector<std::string> arguments,
                                 std::string_view search_path) {
  constexpr int timeout_ms = 30'000;
  constexpr size_t most_bytes = size_t{4} * 1024 * 1024;
  arguments.insert(arguments.begin(), path);
  sys::Outcome outcome = NVBOX_TRY(sys::run_to_end(
      {.path = path, .arguments = std::move(arguments), .environment = {cat("PATH=", search_path)}},
      {timeout_ms}, most_bytes));
  if (!outcome.status) {
    return Error(cat(path, " did not end within ", timeout_ms / 1000, " seconds"));
  }
  return outcome;
}

}  // namespace nvbox::engine
