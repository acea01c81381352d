// The hooks of CDI specifications as fewer processes.
#pragma once

#include <functional>
#include <vector>

#include "spec/container_work.h"
#include "spec/edits.h"

namespace nvbox::spec {

// Calls of nvidia-cdi-hook, or of `nvidia-ctk hook`, that follow each other become the one call
// that `make` makes of their work: a process for each costs 2 ms with what the low-level runtime
// does around it, and eight GPUs with graphics have 14. Only calls as nvidia-ctk writes them, whose
// program `is_ours`, are put together; all other hooks stay as they are.
std::vector<Hook> fold_hooks(std::vector<Hook> hooks,
                             const std::function<bool(const Hook&)>& is_ours,
                             const std::function<Hook(const ContainerWork&)>& make);

}  // namespace nvbox::spec
