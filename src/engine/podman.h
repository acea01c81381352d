// Podman: containers.conf, and the file of hooks.d that CRI-O reads as well.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/request.h"

namespace nvbox::engine {

// The document with the runtime in it; "" is a file that does not exist. CDI needs no setting.
Result<std::string> configure_podman(std::string_view document, const RuntimeRequest& request);

// `hook` is the absolute path of the hook. It is called for every container, and leaves those alone
// that ask for nothing.
Result<std::string> oci_hook(std::string_view hook);

}  // namespace nvbox::engine
