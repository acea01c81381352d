// Where the driver has its library libnvidia-ml.
#pragma once

#include <string>

#include "base/result.h"
#include "driver/context.h"
#include "driver/inventory.h"

namespace nvbox::nvml {

// Its path below the driver root, of the version of the loaded driver.
Result<std::string> find_library(const driver::Context& context,
                                 const driver::Inventory& inventory);

}  // namespace nvbox::nvml
