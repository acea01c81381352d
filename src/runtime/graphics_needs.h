// What the driver's graphics libraries need of the image itself.
#pragma once

#include <string>

#include "base/log.h"
#include "host/root.h"
#include "spec/oci.h"

namespace nvbox::runtime {

// One line that names the libraries that `image` lacks in the usual directories; empty when it has
// all. They are no part of the driver, and whoever misses them (an OpenGL or Vulkan that renders on
// the CPU) takes it for a fault of the container stack: nvidia-container-toolkit's issues 16, 1021,
// 1472 and 1952.
std::string missing_for_graphics(const host::Root& image);

// The same of the image of a container whose bundle this is, for the log. An image that cannot be
// looked at is none of our business here.
void note_missing_for_graphics(const spec::OciSpec& spec, const std::string& bundle,
                               const Log& log);

}  // namespace nvbox::runtime
