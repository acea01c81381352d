// Finds the applet by the name the binary was called with, runs it, and is the only place that
// prints an error and chooses the exit status.
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <new>
#include <string>
#include <vector>

#include "base/text.h"
#include "debug_log.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log_sinks.h"
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
// may be one that nobody kept. They stand behind the error, which an engine puts into one long
// line.
using Warnings = std::deque<std::string>;
constexpr size_t most_warnings = 20;

void keep(Warnings& warnings, std::string_view line) {
  if (warnings.size() == most_warnings) warnings.pop_front();
  warnings.emplace_back(line);
}

void open_log(const Applet& applet, const Call& call, Warnings& warnings) {
  using nvbox::Level;
  using nvbox::LogFormat;
  if (applet.caller == Caller::tool) return;
  add_debug_log(
      call, applet.caller == Caller::container_hook ? EnvironmentOf::image : EnvironmentOf::host);
  if (applet.caller == Caller::runtime) {
    // Low-level runtimes drop what a hook that succeeds has written.
    call.log.add_only(LogFormat::plain, Level::warning,
                      nvbox::sys::system_log(std::string(applet.name)));
  }
  call.log.add_only(LogFormat::plain, Level::warning,
                    [&warnings](std::string_view line) { keep(warnings, line); });
}

void complain(std::string_view name, std::string_view line) {
  (void)nvbox::sys::write_all(STDERR_FILENO, nvbox::cat(name, ": ", line));
}

void complain(std::string_view name, const Warnings& warnings) {
  for (const std::string& line : warnings) complain(name, line);
}

// The path that was given to execve(2), whatever argv[0] says (getauxval(3)). A link is not
// followed: its name is the applet's.
std::string_view executed_file() {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel passes addresses as numbers here.
  const auto* const path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  return path == nullptr ? std::string_view() : path;
}

int run(int argc, char** argv, char** envp) {
  std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const Applet& applet =
      nvbox::applets::choose_applet(argc > 0 ? argv[0] : "", executed_file(), arguments);
  const nvbox::host::Environment environment(envp);
  nvbox::Log log;
  Warnings warnings;
  const Call call = {.name = applet.name,
                     .arguments = arguments,
                     .environment = environment,
                     .host_root = "/",
                     .log = log,
                     .tell_warnings = [&] { complain(applet.name, warnings); }};
  open_log(applet, call, warnings);
  const nvbox::Result<int> status = applet.run(call);
  if (status) {
    // A program of the host has a log of its own.
    if (applet.caller != Caller::host) complain(applet.name, warnings);
    return *status;
  }
  // Parts of it may come from a container: it must not be able to write lines of its own.
  const std::string message =
      nvbox::shortened(nvbox::printable(status.error().full_message()), longest_message);
  log.error(message);
  complain(applet.name, message + "\n");
  complain(applet.name, warnings);
  return 1;
}

[[noreturn]] void out_of_memory() {
  (void)nvbox::sys::write_all(STDERR_FILENO, "nvbox: out of memory\n");
  _exit(internal_failure);
}

}  // namespace

// The build knows no exceptions (cmake/hardening.cmake), so that this is where the library's end.
namespace __gnu_cxx {
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl*): what std::terminate calls. libstdc++'s
// own writes the type's name for people, with a demangler of 47 KB.
void __verbose_terminate_handler() {
  (void)nvbox::sys::write_all(STDERR_FILENO, "nvbox: internal error: please report it\n");
  abort();
}
}  // namespace __gnu_cxx

int main(int argc, char** argv, char** envp) {
  std::set_new_handler(out_of_memory);
  if (!nvbox::sys::open_standard_descriptors()) return internal_failure;
  return run(argc, argv, envp);
}
