// NVIDIA_MIG_CONFIG_DEVICES and NVIDIA_MIG_MONITOR_DEVICES: containers that make MIG instances, and
// those that watch all of them.
#pragma once

#include "nvbox/base/result.h"
#include "nvbox/driver/discover.h"
#include "nvbox/plan/request.h"
#include "nvbox/spec/edits.h"
#include "runtime/machine.h"

namespace nvbox::runtime {

// Adds the nodes that the rights consist of, for the chosen GPUs. Errors: a value other than "all",
// a driver without MIG.
Result<> add_mig_rights(const plan::Request& request, const driver::Roots& roots,
                        const Choice& choice, spec::ContainerEdits& edits);

}  // namespace nvbox::runtime
