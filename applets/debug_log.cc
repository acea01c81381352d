#include "debug_log.h"

#include <unistd.h>

#include <string>

#include "base/text.h"
#include "sys/file.h"
#include "sys/log_sinks.h"

namespace nvbox::applets {
namespace {

void complain(std::string_view line) {
  (void)sys::write_all(STDERR_FILENO, line);
}

}  // namespace

void add_debug_log(const Call& call, EnvironmentOf author) {
  const std::string_view value = call.environment.get(debug_variable).value_or("");
  if (parse_bool(value).value_or(false)) call.log.add(LogFormat::text, Level::debug, complain);
  if (author == EnvironmentOf::host) add_debug_file(call);
}

void add_debug_file(const Call& call) {
  const std::string_view value = call.environment.get(debug_variable).value_or("");
  if (!value.starts_with('/')) return;
  call.log.add(LogFormat::text, Level::debug,
               sys::log_file(std::string(value), [name = call.name](const Error& error) {
                 complain(cat(name, ": warning: ", debug_variable, ": ", error.message(), "\n"));
               }));
}

}  // namespace nvbox::applets
