// Whether this host meets the conditions of an image (NVIDIA_REQUIRE_*, --require).
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "driver/inventory.h"
#include "plan/request.h"
#include "plan/select.h"

namespace nvbox::runtime {

// Whether NVML was asked about what is not known.
enum class Nvml { unasked, asked };

// plan::check_requirements for the driver and every selected GPU, as a completed inventory
// (runtime/complete_inventory.h) has them. Before NVML is asked, what it may decide is not refused.
// Errors begin with "requirement error".
Result<> check_requirements(std::span<const std::string> requirements,
                            const driver::Inventory& inventory, const plan::Selection& selection,
                            Nvml nvml = Nvml::asked);

// What stands against a request for this selection beside nodes that are missing: rights over MIG
// that it may not have (runtime/mig_rights.h), and requirements.
Result<> check_conditions(const plan::Request& request, const driver::Inventory& inventory,
                          const plan::Selection& selection, Nvml nvml);

}  // namespace nvbox::runtime
