// The fallback of Root::open_at for kernels and seccomp filters without openat2.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::host {

// Like openat2(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), except that it
// does not notice when somebody moves a directory it is in out of the root during the walk: it ends
// below that directory, or with ".." at the place inside the root that it came from.
Result<sys::Fd> walk_in_root(int root, std::string_view path, int flags, mode_t mode);

}  // namespace nvbox::host
