// CDI names that nvbox answers itself, without a CDI specification.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "plan/request.h"

namespace nvbox::plan {

// The same request with "runtime.nvidia.com/gpu=", "nvidia.com/gpu=" and the configured default
// kind taken off its names: where there is no CDI specification to look them up in, they mean this
// host's devices. Another kind is an error.
Result<Request> with_native_names(Request request, const config::Config& config);

}  // namespace nvbox::plan
