// The update-ldcache hook, without ldconfig: reads and writes the loader's cache itself, so that
// nothing is executed in the container and images without ldconfig work.
#pragma once

#include <span>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"

namespace nvbox::hook {

// Makes the libraries in `folders` known to the container's loader: SONAME links, /etc/ld.so.cache
// for glibc, /etc/ld-musl-ARCH.path for musl, a link for programs of Nix. A `compat_folder` (may be
// empty) comes before every other directory, and then those that an enable-cuda-compat hook named
// (compat_configuration.h). A read-only /etc is logged and tolerated.
Result<> update_ld_cache(const host::Root& container, std::span<const std::string> folders,
                         const std::string& compat_folder, const Log& log);

}  // namespace nvbox::hook
