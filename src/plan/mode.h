// How a request is served: by what nvbox finds on the host, or by CDI specifications on disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "plan/request.h"

namespace nvbox::plan {

enum class Mode { legacy, csv, cdi, jit_cdi };

// The class of devices that nvbox describes itself, at the moment they are asked for.
inline constexpr std::string_view runtime_kind = "runtime.nvidia.com/gpu";

// nvidia-container-runtime.mode; "auto" is jit-cdi, except that a request of only qualified CDI
// names is cdi mode's.
Result<Mode> resolve_mode(std::string_view configured, const Request& request);

// Of a name without a kind: runtime.nvidia.com/gpu in jit-cdi mode, the configured one in cdi mode.
std::string_view default_kind(Mode mode, const config::Config& config);

// The devices as qualified CDI names, each once, in the order of the request. Those without a kind,
// and "all" and "none", are of the default kind.
std::vector<std::string> cdi_names(const Request& request, Mode mode, const config::Config& config);

// Whether the names (cdi_names) are runtime.nvidia.com/gpu's, and so not for a specification on
// disk to answer. An error when some are and some are not: what answers for both is nobody's to
// say, and NVIDIA's toolkit refuses it as well.
Result<bool> are_runtime_names(const std::vector<std::string>& names, Mode mode,
                               const config::Config& config);

// The same request for `names` of runtime.nvidia.com/gpu, as this host's own names of its devices.
Request with_runtime_names(Request request, const std::vector<std::string>& names);

// The same request with "runtime.nvidia.com/gpu=", "nvidia.com/gpu=" and the configured default
// kind taken off its names: where there is no CDI specification to look them up in, they mean this
// host's devices. Another kind is an error.
Result<Request> with_native_names(Request request, const config::Config& config);

}  // namespace nvbox::plan
