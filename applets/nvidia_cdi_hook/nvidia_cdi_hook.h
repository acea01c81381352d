// The hooks that CDI specifications name, which nvidia-cdi-hook and nvidia-ctk hook share.
#pragma once

#include <span>

#include "command_tree.h"

namespace nvbox::applets {

std::span<const CommandRow> cdi_hook_commands();

// A specification may name a hook that is newer or older than this program: that is a warning and
// no failure of the container.
Result<int> without_cdi_hook(const Invocation& invocation, const std::optional<Error>& mistake);

}  // namespace nvbox::applets
