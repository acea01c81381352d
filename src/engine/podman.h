// Podman's containers.conf.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/request.h"

namespace nvbox::engine {

// The document with the runtime in it; "" is a file that does not exist. CDI needs no setting.
Result<std::string> configure_podman(std::string_view document, const RuntimeRequest& request);

}  // namespace nvbox::engine
