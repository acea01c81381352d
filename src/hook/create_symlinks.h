// The create-symlinks hook.
#pragma once

#include <span>

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"
#include "spec/container_work.h"

namespace nvbox::hook {

// Makes every link inside the container's root; missing directories are created. Links that exist
// with the same text are left alone.
Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links);

// The same, except that links on a read-only file system are left out, with one warning for all.
Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links,
                         const Log& log);

}  // namespace nvbox::hook
