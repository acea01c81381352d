// The symbolic links beside a library that a container needs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver/inventory.h"

namespace nvbox::driver {

// For `file` in `directory`: the links that the driver's installer always makes, the SONAME, and
// the name for linking. The latter two only if the host has such a link, which `host_links` (sorted
// names) tells. Links to a SONAME would also come with the loader's cache, but not every image has
// one.
std::vector<Link> links_for(std::string_view directory, std::string_view file,
                            std::string_view soname, std::span<const std::string> host_links,
                            Capabilities serves);

}  // namespace nvbox::driver
