// What belongs to a driver and is neither a library nor a device node.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "driver/context.h"
#include "driver/extensions.h"
#include "driver/inventory.h"
#include "driver/libraries.h"

namespace nvbox::driver {

// Programs, sockets, firmware and what a site adds. What goes with libraries that are at an odd
// place is looked for at odd places as well.
std::vector<HostFile> find_files(const Context& context, std::string_view version,
                                 const Libraries& libraries,
                                 const std::vector<Extension>& extensions);

// What EGL, GLX, Vulkan, OpenCL, GBM and X.Org need besides libraries.

struct Graphics {
  std::vector<HostFile> files{};
  std::vector<HostLink> links{};
};

Graphics find_graphics(const Context& context, std::string_view version,
                       const Libraries& libraries);

}  // namespace nvbox::driver
