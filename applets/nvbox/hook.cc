// nvbox-hook: the createContainer hook of specifications that nvidia-container-runtime edited. It
// runs as root with the container's root file system as its working directory, so the first thing
// it does is to let go of everything that the container could have prepared.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "applet.h"
#include "hook/container_root.h"
#include "hook/create_container.h"
#include "privileges.h"
#include "spec/container_work.h"
#include "spec/hook_time.h"
#include "sys/limits.h"
#include "sys/log_sinks.h"
#include "sys/sandbox.h"

namespace nvbox::applets {
namespace {

// --log=FILE: where nvidia-container-runtime was told to write everything (NVIDIA_CTK_DEBUG). The
// rest is the work.
std::vector<std::string> take_log_option(const Call& call) {
  constexpr std::string_view option = "--log=";
  std::vector<std::string> rest;
  for (const std::string_view argument : call.arguments) {
    if (!argument.starts_with(option)) {
      rest.emplace_back(argument);
      continue;
    }
    call.log.add(LogFormat::text, Level::debug,
                 sys::log_file(std::string(argument.substr(option.size())), [](const Error&) {}));
  }
  return rest;
}

}  // namespace

Result<int> run_nvbox_hook(const Call& call) {
  sys::end_after(spec::work_hook_time.own, call.name);
  NVBOX_TRY(sys::enter_sandbox());
  NVBOX_TRY(give_up_all_but(privileges::nvbox_hook.kept));
  NVBOX_TRY(keep_to(privileges::nvbox_hook.calls));
  const std::vector<std::string> arguments = take_log_option(call);
  const spec::ContainerWork work = NVBOX_TRY(spec::parse_arguments(arguments));
  const spec::OciState state = NVBOX_TRY(hook::read_state(STDIN_FILENO));
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const host::Root container = NVBOX_TRY(hook::open_container_root(state));
  const auto raised = NVBOX_TRY(sys::Raised::raise_given(privileges::nvbox_hook.kept));
  NVBOX_TRY(hook::create_container(host, container, work, call.log));
  return 0;
}

}  // namespace nvbox::applets
