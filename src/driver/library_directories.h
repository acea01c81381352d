// Where drivers keep their libraries, most usual place first. Each step is searched only when the
// steps before it have no library of the loaded driver, so that odd places cost nothing where the
// driver is installed normally, and a stale copy there does no harm.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver/architecture.h"
#include "driver/context.h"

namespace nvbox::driver {

// Which directories below a searched one are searched as well.
enum class Below {
  none,
  nvidia,  // names that drivers use: nvidia*, and current or tesla below those
  all,     // every directory, a few levels deep
};

struct LibraryDirectory {
  std::string path;
  Below below = Below::none;
};

// The places of distributions (users of /usr/lib/nvidia/current and the like are found by listing).
std::vector<LibraryDirectory> standard_directories(const Architecture& architecture);

// WSL, NixOS, Talos, Bottlerocket, container-optimized OS and installers that use /opt.
std::vector<LibraryDirectory> unusual_directories(const Architecture& architecture);

// 32-bit libraries, where the standard directories do not already have them.
std::vector<LibraryDirectory> directories_32(const Architecture& architecture);

// Where ld.so.cache says that a driver's main libraries are.
std::vector<LibraryDirectory> cached_directories(const Context& context);

}  // namespace nvbox::driver
