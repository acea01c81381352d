// The disable-device-node-modification hook.
#pragma once

#include "nvbox/base/result.h"
#include "nvbox/host/root.h"

namespace nvbox::hook {

// Mounts a read-only copy of the host's /proc/driver/nvidia/params that says ModifyDeviceFiles: 0
// over the container's. Nothing happens where the host has no such file or it says 0 already.
Result<> mask_params(const host::Root& host, const host::Root& container);

}  // namespace nvbox::hook
