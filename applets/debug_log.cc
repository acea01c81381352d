#include "debug_log.h"

#include <unistd.h>

#include <string>

#include "nvbox/base/text.h"
#include "nvbox/sys/file.h"
#include "nvbox/sys/log_file.h"

namespace nvbox::applets {
namespace {

void complain(std::string_view line) {
  (void)sys::write_all(STDERR_FILENO, line);
}

}  // namespace

void add_debug_log(const Call& call, EnvironmentOf author) {
  const std::string_view value = call.environment.get("NVIDIA_CTK_DEBUG").value_or("");
  if (parse_bool(value).value_or(false)) {
    call.log.add(LogFormat::text, Level::debug, complain);
  } else if (author == EnvironmentOf::host && value.starts_with('/')) {
    call.log.add(LogFormat::text, Level::debug,
                 sys::log_file(std::string(value), [name = call.name](const Error& error) {
                   complain(cat(name, ": warning: NVIDIA_CTK_DEBUG: ", error.message(), "\n"));
                 }));
  }
}

void add_warnings_on_standard_error(const Call& call) {
  call.log.add(LogFormat::plain, Level::warning, [name = call.name](std::string_view line) {
    // main says what the applet failed of.
    if (!line.starts_with("error: ")) complain(cat(name, ": ", line));
  });
}

}  // namespace nvbox::applets
