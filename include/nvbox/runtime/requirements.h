// Whether this host meets the conditions of an image (NVIDIA_REQUIRE_*, --require).
#pragma once

#include <span>
#include <string>

#include "nvbox/base/result.h"
#include "nvbox/driver/inventory.h"
#include "nvbox/plan/select.h"

namespace nvbox::runtime {

// plan::check_requirements for the driver and every selected GPU, as a completed inventory
// (runtime/complete_inventory.h) has them. Errors begin with "requirement error".
Result<> check_requirements(std::span<const std::string> requirements,
                            const driver::Inventory& inventory, const plan::Selection& selection);

}  // namespace nvbox::runtime
