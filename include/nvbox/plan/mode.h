// How a request is served: by what nvbox finds on the host, or by CDI specifications on disk.
#pragma once

#include <string_view>

#include "nvbox/base/result.h"
#include "nvbox/plan/request.h"

namespace nvbox::plan {

enum class Mode { legacy, csv, cdi, jit_cdi };

// The class of devices that nvbox describes itself, at the moment they are asked for.
inline constexpr std::string_view runtime_kind = "runtime.nvidia.com/gpu";

// nvidia-container-runtime.mode; "auto" is jit-cdi, except that a request of only qualified CDI
// names is served by CDI. Names of runtime.nvidia.com/gpu are jit-cdi's in either mode.
Result<Mode> resolve_mode(std::string_view configured, const Request& request);

// The same request with runtime.nvidia.com/gpu= taken off its names. An error when such names are
// mixed with others, or when another qualified name is left.
Result<Request> strip_runtime_kind(Request request);

}  // namespace nvbox::plan
