// The driver's libraries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/context.h"
#include "driver/extensions.h"
#include "driver/inventory.h"
#include "driver/library_scan.h"

namespace nvbox::driver {

struct Libraries {
  std::vector<Library> libraries{};
  // Where libraries with the driver's version are, 64-bit ones only, without vdpau.
  std::vector<std::string> directories{};
  // Nothing was where distributions have drivers: other files are at places of their own, too.
  bool are_elsewhere = false;
};

// An error when the driver root has no library of this version that can be used here; it says which
// of the possible reasons it is.
Result<Libraries> find_libraries(const Context& context, std::string_view version,
                                 const std::vector<Extension>& extensions);

// For `file` in `directory`: the links that the driver's installer always makes, the SONAME, and
// the name for linking. The latter two only if the host has such a link. Links to a SONAME would
// also come with the loader's cache, but not every image has one. One that cannot be looked at is a
// problem of `context`, and left out.
std::vector<HostLink> links_for(const Context& context, const ScannedDirectory& directory,
                                std::string_view file, std::string_view soname,
                                Capabilities serves);

}  // namespace nvbox::driver
