// Finds the applet by the name the binary was called with, runs it, and is the only place that
// prints an error and chooses the exit status.
#include <unistd.h>

#include <deque>
#include <new>
#include <string>
#include <vector>

#include "debug_log.h"
#include "nvbox/base/text.h"
#include "nvbox/sys/fd.h"
#include "nvbox/sys/file.h"
#include "table.h"

namespace {

using nvbox::applets::Applet;
using nvbox::applets::Call;
using nvbox::applets::Caller;
using nvbox::applets::EnvironmentOf;

// EX_SOFTWARE of <sysexits.h>.
constexpr int internal_failure = 70;

// With the program's name in front it is at most PIPE_BUF bytes, which a pipe takes in one piece
// (pipe(7)): engines read the standard error of several programs from one.
constexpr size_t longest_message = 4096 - 64;

// The last warnings. When the applet fails they are often the reason, and the log that they went to
// may be one that nobody kept.
using Warnings = std::deque<std::string>;
constexpr size_t most_warnings = 20;

void keep(Warnings& warnings, std::string_view line) {
  if (warnings.size() == most_warnings) warnings.pop_front();
  warnings.emplace_back(line);
}

void open_log(const Applet& applet, const Call& call, Warnings& warnings) {
  if (applet.caller == Caller::tool) return;
  add_debug_log(
      call, applet.caller == Caller::container_hook ? EnvironmentOf::image : EnvironmentOf::host);
  if (applet.caller != Caller::host) return add_warnings_on_standard_error(call);
  call.log.add(nvbox::LogFormat::plain, nvbox::Level::warning,
               [&warnings](std::string_view line) { keep(warnings, line); });
}

void complain(std::string_view name, std::string_view line) {
  (void)nvbox::sys::write_all(STDERR_FILENO, nvbox::cat(name, ": ", line));
}

// The applet that the program's name stands for, or, with "nvbox NAME", its first argument, which
// it then takes away.
const Applet& chosen_applet(std::string_view program, std::vector<std::string_view>& arguments) {
  using nvbox::applets::find_applet;
  const Applet* applet = find_applet(nvbox::applets::applet_name(program));
  const Applet* nvbox = find_applet("nvbox");
  if (applet != nullptr && applet != nvbox) return *applet;
  applet = arguments.empty() ? nullptr : find_applet(arguments.front());
  if (applet == nullptr) return *nvbox;
  arguments.erase(arguments.begin());
  return *applet;
}

int run(int argc, char** argv, char** envp) {
  std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const Applet& applet = chosen_applet(argc > 0 ? argv[0] : "", arguments);
  const nvbox::host::Environment environment(envp);
  nvbox::Log log;
  const Call call = {
      .name = applet.name, .arguments = arguments, .environment = environment, .log = log};
  Warnings warnings;
  open_log(applet, call, warnings);
  const nvbox::Result<int> status = applet.run(call);
  if (status) return *status;
  const Warnings before = warnings;
  // Parts of it may come from a container: it must not be able to write lines of its own.
  const std::string message =
      nvbox::shortened(nvbox::printable(status.error().full_message()), longest_message);
  log.error(message);
  complain(applet.name, message + "\n");
  for (const std::string& line : before) complain(applet.name, line);
  return 1;
}

}  // namespace

int main(int argc, char** argv, char** envp) {
  if (!nvbox::sys::open_standard_descriptors()) return internal_failure;
  try {
    return run(argc, argv, envp);
  } catch (const std::bad_alloc&) {
    (void)nvbox::sys::write_all(STDERR_FILENO, "nvbox: out of memory\n");
    return internal_failure;
  }
}
