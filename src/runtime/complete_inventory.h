// What a request needs of the host beyond what discovery finds: what only NVML knows. The device
// nodes that nobody has made yet are runtime/missing_nodes.h's.
#pragma once

#include "base/log.h"
#include "driver/discover.h"
#include "driver/inventory.h"
#include "driver/nvml.h"
#include "plan/request.h"

namespace nvbox::runtime {

// Asks NVML at most once, and only what plan::nvml_question says. What it does not tell stays
// unknown in the inventory; whether that matters is plan's to decide.
void ask_nvml(const driver::Roots& roots, const driver::Search& search,
              const plan::Request& request, const driver::NvmlSettings& settings,
              driver::Inventory& inventory, const Log& log);

// Warns of what NVML did not tell, once it is known that the request can be served without.
void warn_of_unanswered(const driver::Inventory& inventory, const Log& log);

}  // namespace nvbox::runtime
