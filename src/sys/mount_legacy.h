// mount(2) through /proc/self/fd, for kernels and seccomp filters without the descriptor calls.
// The kernel follows such a path straight to the open file, so these do not resolve names either,
// except that a mount that was just made has to be found again to change it; what is found is then
// compared with what was mounted.
#pragma once

#include "sys/mount.h"

namespace nvbox::sys {

// Whether an errno says that a system call is not there: ENOSYS from the kernel, ENOSYS or EPERM
// from a seccomp filter. A real EPERM meets the fallback, which gives it again.
bool is_missing_call(int errno_value);

Result<> bind_legacy(int source, int target, Restrictions restrictions);
// As bind_legacy(), and opens the root of the new mount.
Result<Fd> bind_and_open_legacy(int source, int target, Restrictions restrictions);
Result<Fd> mount_tmpfs_legacy(int target, size_t bytes);
Result<> restrict_legacy(int mount_root, Restrictions restrictions);
Result<> make_private_legacy(int mount_root);

}  // namespace nvbox::sys
