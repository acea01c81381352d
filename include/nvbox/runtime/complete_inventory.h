// What a request needs of the host beyond what discovery finds: device nodes that nobody has made
// yet, and what only NVML knows.
#pragma once

#include <vector>

#include "nvbox/base/log.h"
#include "nvbox/driver/discover.h"
#include "nvbox/driver/inventory.h"
#include "nvbox/driver/nvml.h"
#include "nvbox/plan/request.h"

namespace nvbox::runtime {

enum class MissingNodes { leave, make };

struct Completion {
  driver::NvmlSettings nvml{};
  // Whether nodes of MIG instances and IMEX channels that the driver serves are made, as
  // nvidia-modprobe would: with the driver's own numbers and modes, outside user namespaces.
  MissingNodes nodes = MissingNodes::leave;
  std::vector<unsigned> imex_channels{};  // to be made
};

// NVML is asked at most once, and only what plan::nvml_question says. What it does not tell stays
// unknown in the inventory; whether that matters is plan's to decide.
void complete_inventory(const driver::Roots& roots, const driver::Search& search,
                        const plan::Request& request, const Completion& completion,
                        driver::Inventory& inventory, const Log& log);

}  // namespace nvbox::runtime
