// The update-application-profile hook.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"

namespace nvbox::hook {

// Writes etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf, which limits EGL and Vulkan
// to the GPUs whose /dev/nvidiaN the container has. Nothing happens without such a node. A
// read-only file system is logged and tolerated.
Result<> update_application_profile(const host::Root& container, const Log& log);

// The same where `folder` is what the container has in the place of the profile's directory.
Result<> update_application_profile(const host::Root& container, const host::Root& folder,
                                    const Log& log);

}  // namespace nvbox::hook
