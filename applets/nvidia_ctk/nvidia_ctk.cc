// nvidia-ctk: the tool that administrators and installers call.
#include "nvidia_ctk/nvidia_ctk.h"

#include "manuals.h"
#include "nvidia_cdi_hook/nvidia_cdi_hook.h"
#include "nvidia_ctk/cdi.h"
#include "nvidia_ctk/info.h"
#include "nvidia_ctk/runtime.h"

namespace nvbox::applets {
namespace {

constexpr cli::Flag<ToolFlags> tool_flags[] = {
    {{"debug d", "NVIDIA_CTK_DEBUG", "Enable debug-level logging"}, &ToolFlags::debug},
    {{"quiet", "NVIDIA_CTK_QUIET", "Suppress all output except for errors; overrides --debug"},
     &ToolFlags::quiet},
    {{"config", "NVIDIA_CTK_CONFIG", "Path to the config file"}, &ToolFlags::config},
};

constexpr CommandRow commands[] = {
    {.names = "cdi",
     .summary = "Provide tools for interacting with Container Device Interface specifications",
     .commands = ctk_cdi_commands},
    {.names = "config",
     .summary = "Interact with the NVIDIA Container Toolkit configuration",
     .run = run_config,
     .commands = config_commands},
    {.names = "hook",
     .summary = "A collection of hooks that may be injected into an OCI spec",
     .commands = cdi_hook_commands,
     .without_command = without_cdi_hook,
     .environment = EnvironmentOf::image},
    {.names = "info",
     .summary = "Print what this host has that containers can get",
     .run = ctk_info::run_info},
    {.names = "runtime",
     .summary = "A collection of runtime-related utilities",
     .commands = runtime_commands},
    {.names = "system",
     .summary = "Make device nodes and links to them, look into the loader's cache",
     .commands = ctk_system_commands},
};

constexpr Tool tool = {.title = "NVIDIA Container Toolkit CLI",
                       .summary = "Tools to configure the NVIDIA Container Toolkit",
                       .flags = tool_flags,
                       .commands = ctk_commands};

}  // namespace

std::span<const CommandRow> ctk_commands() {
  return commands;
}

cli::CommandPage describe_nvidia_ctk() {
  return describe_tool(tool, "nvidia-ctk");
}

Result<int> run_nvidia_ctk(const Call& call) {
  return run_tool(tool, call);
}

}  // namespace nvbox::applets
