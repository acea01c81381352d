// Every node of the driver that a container needs which manages the GPUs of others.
#pragma once

#include <vector>

#include "driver/discover.h"
#include "driver/inventory.h"

namespace nvbox::driver {

struct ManagementNodes {
  std::vector<HostDevice> nodes{};
  std::vector<Problem> problems{};  // what could not be looked at
};

// The nodes that exist of the GPUs, of the driver as a whole, of its capabilities and of IMEX
// channels, by depth and path. Not those of GPUDirect Storage, NVSwitch and NVLink.
ManagementNodes discover_management_nodes(const Roots& roots);

}  // namespace nvbox::driver
