// nvbox install and nvbox uninstall as a program with subcommands.
#include "applet.h"
#include "command_tree.h"
#include "manuals.h"
#include "nvbox/install.h"

namespace nvbox::applets {
namespace {

constexpr CommandRow commands[] = {
    {.names = "install",
     .summary = "Install this binary and its links",
     .run = installation::run_install},
    {.names = "uninstall",
     .summary = "Remove what install made",
     .run = installation::run_uninstall},
};

std::span<const CommandRow> install_commands() {
  return commands;
}

constexpr Tool tool = {.title = "nvbox",
                       .summary = "One static binary that gives containers GPUs",
                       .flags = {},
                       .commands = install_commands};

}  // namespace

cli::CommandPage describe_nvbox_install() {
  return describe_tool(tool, "nvbox");
}

Result<int> run_nvbox_install(const Call& call) {
  return run_tool(tool, call);
}

}  // namespace nvbox::applets
