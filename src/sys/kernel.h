// System calls that Debian 12's C library has no wrapper for. Each behaves like its manual page:
// -1 and errno on failure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace nvbox::sys {

// openat2(2), Linux 5.6. `resolve` is a set of RESOLVE_* of <linux/openat2.h>.
int openat2(int directory, const std::string& path, std::uint64_t flags, std::uint64_t mode,
            std::uint64_t resolve);

// pidfd_open(2), Linux 5.3.
int pidfd_open(pid_t pid);

// close_range(2) from `first` to the last one, Linux 5.9; `flags` are CLOSE_RANGE_*, Linux 5.11.
int close_range_from(unsigned first, int flags);

// finit_module(2); `flags` is a set of MODULE_INIT_* of <linux/module.h>.
int finit_module(int file, const std::string& options, int flags);

// execveat(2) of the open file itself, Linux 3.19.
int execute_descriptor(int file, char* const* arguments, char* const* environment);

// capset(2): this thread's effective, permitted and inheritable capabilities are none. Safe in a
// child between fork and exec, which libcap is not.
int drop_capabilities();

}  // namespace nvbox::sys
