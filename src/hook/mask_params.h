// The disable-device-node-modification hook.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/root.h"

namespace nvbox::hook {

// Mounts a read-only copy of the host's /proc/driver/nvidia/params that says ModifyDeviceFiles: 0
// over the container's. Nothing happens where the host has no such file or it says 0 already, nor
// where the container has none: NVIDIA's libraries then find no parameters to follow.
Result<> mask_params(const host::Root& host, const host::Root& container);

// The text of a params file with ModifyDeviceFiles: 0 in place of 1; nullopt when it does not
// say 1.
std::optional<std::string> masked_params(std::string_view text);

}  // namespace nvbox::hook
