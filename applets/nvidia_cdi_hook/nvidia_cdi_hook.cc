// nvidia-cdi-hook: what low-level runtimes call for the hooks of CDI specifications. It runs as
// root with the container's root file system as its working directory, so a hook lets go of
// everything that the container could have prepared before it looks at the container.
#include "nvidia_cdi_hook/nvidia_cdi_hook.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "hook/container_root.h"
#include "manuals.h"
#include "nvidia_cdi_hook/work.h"
#include "spec/hook_time.h"
#include "spec/oci.h"
#include "sys/file.h"
#include "sys/limits.h"
#include "sys/sandbox.h"

namespace nvbox::applets {
namespace {

using cdi_hook::Hook;
using cdi_hook::Settings;

constexpr cli::Flag<ToolFlags> tool_flags[] = {
    {{"debug d", "NVIDIA_CTK_DEBUG NVIDIA_CDI_DEBUG", "Enable debug-level logging"},
     &ToolFlags::debug},
    {{"quiet", "NVIDIA_CTK_QUIET NVIDIA_CDI_QUIET",
      "Suppress all output except for errors; overrides --debug"},
     &ToolFlags::quiet},
};

bool names_file(std::string_view container_spec) {
  return !container_spec.empty() && container_spec != "-";
}

// Standard input is read to its end, so that the runtime never sees a broken pipe.
Result<std::string> read_state_text() {
  return sys::read_all(STDIN_FILENO, spec::oci_state_limit);
}

// The one descriptor that a hook keeps is standard input.
Result<> read_instead(const std::string& file) {
  const sys::Fd fd = NVBOX_TRY(sys::open_path(file, O_RDONLY));
  if (dup2(fd.get(), STDIN_FILENO) < 0) return Error(cat("read ", file), errno);
  return {};
}

Result<> work_in_container(const Hook& hook, const Settings& settings, std::string_view state_text,
                           const Log& log) {
  const spec::OciState state = NVBOX_TRY(spec::parse_oci_state(state_text));
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const host::Root container = NVBOX_TRY(hook::open_container_root(state));
  const auto raised = NVBOX_TRY(sys::Raised::raise_given(hook.privileges.kept));
  const hook::WritableRoot writable = NVBOX_TRY(hook::WritableRoot::open(container));
  return hook.work({host, container, writable.root()}, settings, log);
}

template <const Hook& hook>
Result<int> run(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command(invocation, hook.flags));
  if (line.exit_status) return *line.exit_status;
  const bool is_idle = hook.is_idle != nullptr && hook.is_idle(line.settings);
  const std::string& file = line.settings.container_spec;
  if (is_idle && names_file(file)) return 0;
  sys::end_after(spec::work_hook_time.own, invocation.call.name);
  NVBOX_TRY(give_up_all_but(hook.privileges.kept));
  if (names_file(file)) NVBOX_TRY(read_instead(file));
  NVBOX_TRY(sys::enter_sandbox());
  NVBOX_TRY(keep_to(hook.privileges.calls));
  const std::string state_text =
      NVBOX_TRY(read_state_text().in(names_file(file) ? file : "container state"));
  if (is_idle) return 0;
  NVBOX_TRY(work_in_container(hook, line.settings, state_text, invocation.call.log));
  return 0;
}

constexpr CommandRow commands[] = {
    {.names = "update-ldcache",
     .summary = "Make the container's loader find the libraries in folders",
     .run = run<cdi_hook::update_ldcache>},
    {.names = "create-symlinks",
     .summary = "Make symbolic links in the container",
     .run = run<cdi_hook::create_symlinks>},
    {.names = "chmod",
     .summary = "Set the permission bits of paths in the container (deprecated)",
     .run = run<cdi_hook::chmod>},
    {.names = "enable-cuda-compat",
     .summary = "Prefer the container's CUDA compatibility libraries where the driver allows it",
     .run = run<cdi_hook::enable_cuda_compat>},
    {.names = "disable-device-node-modification",
     .summary = "Keep NVIDIA's libraries from making device nodes in the container",
     .run = run<cdi_hook::disable_device_node_modification>},
    {.names = "update-application-profile",
     .summary = "Limit EGL and Vulkan to the GPUs of the container",
     .run = run<cdi_hook::update_application_profile>},
    {.names = "noop", .summary = "Do nothing", .run = run<cdi_hook::noop>, .shown = cli::Shown::no},
};

constexpr Tool tool = {
    .title = "NVIDIA CDI Hook",
    .summary = "Hooks that specifications of the Container Device Interface name",
    .flags = tool_flags,
    .commands = cdi_hook_commands,
    .without_command = without_cdi_hook,
    .environment = EnvironmentOf::image};

bool is_hook(std::string_view word) {
  return std::ranges::any_of(commands, [&](const CommandRow& row) { return row.names == word; });
}

}  // namespace

std::span<const CommandRow> cdi_hook_commands() {
  return commands;
}

Result<int> without_cdi_hook(const Invocation& invocation, const std::optional<Error>& mistake) {
  const auto first = std::ranges::find_if_not(
      invocation.arguments, [](std::string_view word) { return word.starts_with('-'); });
  if (mistake && first != invocation.arguments.end() && is_hook(*first)) return *mistake;
  std::string words;
  for (const std::string_view word : invocation.arguments) {
    words += cat(words.empty() ? "" : " ", word);
  }
  const std::string what = words.empty() ? "no hook is named" : cat("unsupported hook: ", words);
  invocation.call.log.warning(cat(what, "; nothing is done"));
  // Of a runtime, which may not like a broken pipe; a terminal has none.
  if (!words.empty() && isatty(STDIN_FILENO) == 0) (void)read_state_text();
  return 0;
}

cli::CommandPage describe_nvidia_cdi_hook() {
  return describe_tool(tool, "nvidia-cdi-hook");
}

Result<int> run_nvidia_cdi_hook(const Call& call) {
  return run_tool(tool, call);
}

}  // namespace nvbox::applets
