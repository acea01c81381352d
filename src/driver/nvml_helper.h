// Running the program src/driver/nvml_helper on this machine.
#pragma once

#include <string>
#include <vector>

#include "driver/context.h"
#include "nvbox/base/result.h"
#include "nvbox/driver/inventory.h"

namespace nvbox::driver {

// What it printed (driver/nvml_answer.h) about the GPUs at these PCI addresses. With a driver root
// that is complete, loader and nvidiactl included, the helper runs inside it; else the host's C
// library loads the driver's.
Result<std::string> run_nvml_helper(const Context& context, const Inventory& inventory,
                                    const std::vector<std::string>& bus_ids, unsigned timeout_s);

}  // namespace nvbox::driver
