// nvbox-hook: the createContainer hook of specifications that nvidia-container-runtime edited. It
// runs as root with the container's root file system as its working directory, so the first thing
// it does is to let go of everything that the container could have prepared.
#include <fcntl.h>
#include <unistd.h>

#include "applet.h"
#include "nvbox/hook/container_root.h"
#include "nvbox/hook/create_container.h"
#include "nvbox/spec/container_work.h"
#include "nvbox/sys/file.h"
#include "nvbox/sys/sandbox.h"

namespace nvbox::applets {

Result<int> run_nvbox_hook(const Call& call) {
  NVBOX_TRY(sys::enter_sandbox());
  // Runtimes show a hook's standard error when it fails.
  call.log.set_level(Level::warning);
  call.log.add(LogFormat::text,
               [](std::string_view line) { (void)sys::write_all(STDERR_FILENO, line); });
  const std::vector<std::string> arguments(call.arguments.begin(), call.arguments.end());
  const spec::ContainerWork work = NVBOX_TRY(spec::parse_arguments(arguments));
  const spec::OciState state = NVBOX_TRY(hook::read_state(STDIN_FILENO));
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const host::Root container = NVBOX_TRY(hook::open_container_root(state));
  NVBOX_TRY(hook::create_container(host, container, work, call.log));
  return 0;
}

}  // namespace nvbox::applets
