// The driver's libraries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/context.h"
#include "driver/extensions.h"
#include "driver/inventory.h"

namespace nvbox::driver {

struct Libraries {
  std::vector<Library> libraries{};
  // Where libraries with the driver's version are, 64-bit ones only, without vdpau.
  std::vector<std::string> directories{};
};

// An error when the driver root has no library of this version that can be used here; it says which
// of the possible reasons it is.
Result<Libraries> find_libraries(const Context& context, std::string_view version,
                                 const std::vector<Extension>& extensions);

}  // namespace nvbox::driver
