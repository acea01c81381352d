// NVIDIA_REQUIRE_* where CDI specifications answer the request.
#pragma once

#include "nvbox/base/log.h"
#include "nvbox/base/result.h"
#include "nvbox/plan/request.h"
#include "nvbox/runtime/inject.h"

namespace nvbox::runtime {

// Holds the driver, and the GPUs as far as the names tell which they are, against what the image
// demands. Nothing is demanded of devices that are not NVIDIA's, and nothing can be of a driver
// that is not in /proc (WSL, Jetson): that is a warning.
Result<> check_cdi_requirements(const plan::Request& request, const InjectOptions& options,
                                const Log& log);

}  // namespace nvbox::runtime
