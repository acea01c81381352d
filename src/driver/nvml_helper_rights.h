// What the NVML helper may do with the files of its root directory.
#pragma once

#include <string>
#include <vector>

#include "driver/context.h"
#include "driver/inventory.h"
#include "host/root.h"
#include "sys/confinement.h"

namespace nvbox::driver {

// The nodes of the driver, and its directories of nodes: NVML opens those for writing, and nothing
// else.
std::vector<std::string> nvml_writes(const host::Root& root);

// What root may use when asking about the GPUs at these PCI addresses: the driver's modes decide
// whether others may as well. An error when that cannot be told, as with drivers that guard MIG
// devices by files of /proc.
Result<std::vector<sys::NeededFile>> nvml_needs(const Context& context, const Inventory& inventory,
                                                const std::vector<std::string>& bus_ids,
                                                const std::string& library);

}  // namespace nvbox::driver
