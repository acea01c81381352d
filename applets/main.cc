// Finds the applet by the name the binary was called with, runs it, and is the only place that
// prints an error and chooses the exit status.
#include <unistd.h>

#include <new>
#include <vector>

#include "nvbox/base/text.h"
#include "nvbox/sys/fd.h"
#include "nvbox/sys/file.h"
#include "table.h"

namespace {

using nvbox::applets::Applet;

// EX_SOFTWARE of <sysexits.h>.
constexpr int internal_failure = 70;

int run(int argc, char** argv, char** envp) {
  const std::string program = nvbox::applets::applet_name(argc > 0 ? argv[0] : "");
  const Applet* applet = nvbox::applets::find_applet(program);
  if (applet == nullptr) applet = nvbox::applets::find_applet("nvbox");
  const std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const nvbox::host::Environment environment(envp);
  nvbox::Log log;
  nvbox::Result<int> status = applet->run(
      {.name = applet->name, .arguments = arguments, .environment = environment, .log = log});
  if (status) return *status;
  // Parts of it may come from a container: it must not be able to write lines of its own.
  const std::string message = nvbox::printable(status.error().full_message());
  log.error(message);
  (void)nvbox::sys::write_all(STDERR_FILENO, nvbox::cat(applet->name, ": ", message, "\n"));
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
