#include "hook/chmod.h"

#include <cerrno>
#include <optional>

#include "base/text.h"
#include "host/root_write.h"

namespace nvbox::hook {
namespace {

constexpr unsigned most_mode = 07777;

bool is_tolerated(const Error& error) {
  return host::is_absence(error) || error.code() == EPERM || host::is_closed_to_changes(error);
}

}  // namespace

Result<mode_t> parse_mode(std::string_view text) {
  constexpr int octal = 8;
  const auto mode = parse_number<unsigned>(text, octal);
  if (!mode || *mode > most_mode) {
    return Error(cat("invalid mode ", quote(text))).hint("give it in octal, like 755");
  }
  return mode_t{*mode};
}

Result<> change_modes(const host::Root& container, std::span<const std::string> paths, mode_t mode,
                      const Log& log) {
  std::optional<Error> first;
  for (const std::string& path : paths) {
    const Result<host::Changed> changed = host::change_mode(container, path, mode);
    if (changed) continue;
    if (is_tolerated(changed.error())) {
      log.debug(changed.error().message());
    } else if (!first) {
      first = changed.error();
    }
  }
  return first ? Result<>(*std::move(first)) : Result<>();
}

}  // namespace nvbox::hook
