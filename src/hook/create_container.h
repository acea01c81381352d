// The one hook in specs that nvbox edits itself: everything that has to happen inside the
// container's root file system after its mounts exist and before pivot_root.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"
#include "spec/container_work.h"

namespace nvbox::hook {

// Does `work` in the container's root, in the order its parts depend on each other: links, CUDA
// compatibility, loader cache, parameter mask, application profile. `host` is the host's root.
Result<> create_container(const host::Root& host, const host::Root& container,
                          const spec::ContainerWork& work, const Log& log);

}  // namespace nvbox::hook
