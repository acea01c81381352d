// What besides the devices themselves a request asks for that CDI specifications answer, but that
// they do not know of: NVIDIA_REQUIRE_* and rights over MIG.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "plan/request.h"
#include "runtime/story.h"
#include "spec/edits.h"

namespace nvbox::runtime {

// Holds the driver, and the GPUs as far as the names tell which they are, against what the image
// demands, and adds the nodes of the rights over MIG. Nothing is demanded of devices that are not
// NVIDIA's, and nothing can be of a driver that is not in /proc (WSL): that is a warning.
Result<> add_beside_cdi(const plan::Request& request, const InjectOptions& options, const Log& log,
                        spec::ContainerEdits& edits);

}  // namespace nvbox::runtime
