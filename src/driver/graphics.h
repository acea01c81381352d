// What EGL, GLX, Vulkan, OpenCL, GBM and X.Org need besides libraries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "driver/context.h"
#include "driver/inventory.h"
#include "driver/libraries.h"

namespace nvbox::driver {

struct Graphics {
  std::vector<HostFile> files{};
  std::vector<Link> links{};
};

Graphics find_graphics(const Context& context, std::string_view version,
                       const Libraries& libraries);

}  // namespace nvbox::driver
