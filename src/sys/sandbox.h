// What a program of ours does first that runs with rights a container's author would like to have.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "base/result.h"

namespace nvbox::sys {

// Lets go of everything that the caller handed over: the environment (runc gives hooks that of the
// container, CVE-2025-23266), every descriptor but the standard three, and the working directory
// (runc: the container's root). Forbids core dumps and gaining privileges by exec.
Result<> enter_sandbox();

// A filter that allows the calls of these numbers (SYS_read) of this architecture. All others fail
// with ENOSYS, as on a kernel that lacks them, and mmap(2) and mprotect(2) where they would make
// code. EOVERFLOW when there are too many for one filter.
Result<std::vector<sock_filter>> call_list(std::span<const int> numbers);

// For good: from now on this process, and all that it starts, can make only these calls. It has to
// have given up new privileges before. Kernels without filters let it make the others as well.
Result<> keep_to_calls(std::span<const int> numbers);

}  // namespace nvbox::sys
