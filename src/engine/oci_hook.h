// The file of hooks.d that makes Podman and CRI-O call nvidia-container-runtime-hook.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nvbox::engine {

// `hook` is the absolute path of the hook. It is called for every container, and leaves those alone
// that ask for nothing.
Result<std::string> oci_hook(std::string_view hook);

}  // namespace nvbox::engine
