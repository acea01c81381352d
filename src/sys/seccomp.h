// Lists of the system calls that a process may make (seccomp(2)).
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nvbox::sys {

struct AllowedCall {
  std::string_view name;  // "openat"; one that this architecture does not have is passed over
  // Only when (argument & mask) == value; without a mask the arguments are not looked at.
  unsigned argument = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

// A filter for sys::Confinement that allows these calls. All others fail with ENOSYS, so that a C
// library that is newer than the list does what it does on an older kernel.
Result<std::vector<sock_filter>> allow_list(std::span<const AllowedCall> calls);

}  // namespace nvbox::sys
