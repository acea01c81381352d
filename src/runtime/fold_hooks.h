// The hooks of CDI specifications as fewer processes.
#pragma once

#include <vector>

#include "host/root.h"
#include "runtime/story.h"
#include "spec/edits.h"

namespace nvbox::runtime {

// Calls of nvidia-cdi-hook, or of `nvidia-ctk hook`, that follow each other become one call of the
// hook of jit-cdi mode (work_hook), which does the same work: a process for each costs 2 ms with
// what the low-level runtime does around it, and eight GPUs with graphics have 14. That is so where
// the program is this one, and the call is as nvidia-ctk writes it. All other hooks stay as they
// are.
void fold_hooks(std::vector<spec::Hook>& hooks, const host::Root& host,
                const InjectOptions& options);

}  // namespace nvbox::runtime
