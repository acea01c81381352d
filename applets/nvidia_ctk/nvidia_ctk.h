// The commands of nvidia-ctk. A group is a row in nvidia_ctk.cc, with its own commands in
// nvidia_ctk_GROUP.cc and one function here.
#pragma once

#include <span>

#include "command_tree.h"

namespace nvbox::applets {

// The groups and commands of the program itself.
std::span<const CommandRow> ctk_commands();

// nvidia-ctk config, and the commands below it.
Result<int> run_config(const Invocation& invocation);
std::span<const CommandRow> config_commands();
std::span<const CommandRow> ctk_system_commands();

}  // namespace nvbox::applets
