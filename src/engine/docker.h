// Docker's daemon.json.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/request.h"

namespace nvbox::engine {

// The document with the runtime in it; "" is a file that does not exist. Other members, also those
// beside the runtime's path and beside features.cdi, stay as they are written, and a default
// runtime is set but never unset.
Result<std::string> configure_docker(std::string_view document, const RuntimeRequest& request);

}  // namespace nvbox::engine
