// A list of system calls for this program itself (seccomp(2)), which is static: what its C library
// calls is known, so that the list can be short, is of plain numbers and is made in microseconds.
// Lists for other people's programs are sys/seccomp.h's.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "base/result.h"

namespace nvbox::sys {

// A filter that allows the calls of these numbers (SYS_read) of this architecture. All others fail
// with ENOSYS, as on a kernel that lacks them, and mmap(2) and mprotect(2) where they would make
// code. EOVERFLOW when there are too many for one filter.
Result<std::vector<sock_filter>> call_list(std::span<const int> numbers);

// For good: from now on this process, and all that it starts, can make only these calls. It has to
// have given up new privileges before. Kernels without filters let it make the others as well.
Result<> keep_to_calls(std::span<const int> numbers);

}  // namespace nvbox::sys
