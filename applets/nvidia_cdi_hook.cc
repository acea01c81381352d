// nvidia-cdi-hook: what runtimes call for the hooks of CDI specifications.
#include "nvidia_cdi_hook.h"

#include <algorithm>

#include "nvbox/base/text.h"

namespace nvbox::applets {
namespace {

constexpr cli::Flag<ToolFlags> tool_flags[] = {
    {{"debug d", "NVIDIA_CTK_DEBUG NVIDIA_CDI_DEBUG", "Enable debug-level logging"},
     &ToolFlags::debug},
    {{"quiet", "NVIDIA_CTK_QUIET NVIDIA_CDI_QUIET",
      "Suppress all output except for errors; overrides --debug"},
     &ToolFlags::quiet},
};

struct NoFlags {};

Result<int> run_noop(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<NoFlags>(invocation, {}));
  return line.exit_status.value_or(0);
}

constexpr CommandRow commands[] = {
    {.names = "noop", .summary = "Does nothing", .run = run_noop, .shown = cli::Shown::no},
};

constexpr Tool tool = {.title = "NVIDIA CDI Hook",
                       .summary = "Hooks of Container Device Interface specifications",
                       .flags = tool_flags,
                       .commands = cdi_hook_commands,
                       .without_command = without_cdi_hook};

}  // namespace

std::span<const CommandRow> cdi_hook_commands() {
  return commands;
}

Result<int> without_cdi_hook(const Invocation& invocation) {
  std::string words;
  for (const std::string_view word : invocation.arguments) {
    words += cat(words.empty() ? "" : " ", word);
  }
  invocation.call.log.warning(words.empty() ? "no hook is named"
                                            : cat("unsupported hook: ", quote(words)));
  return 0;
}

Result<int> run_nvidia_cdi_hook(const Call& call) {
  return run_tool(tool, call);
}

}  // namespace nvbox::applets
