// The update-application-profile hook.
#pragma once

#include "nvbox/base/result.h"
#include "nvbox/host/root.h"

namespace nvbox::hook {

// Writes etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf, which limits EGL and Vulkan
// to the GPUs whose /dev/nvidiaN the container has. Nothing happens without such a node.
Result<> update_application_profile(const host::Root& container);

}  // namespace nvbox::hook
