// What a request needs of the host beyond what discovery finds: device nodes that nobody has made
// yet, and what only NVML knows.
#pragma once

#include <span>

#include "nvbox/base/log.h"
#include "nvbox/driver/discover.h"
#include "nvbox/driver/inventory.h"
#include "nvbox/driver/nvml.h"
#include "nvbox/plan/request.h"

namespace nvbox::runtime {

// Makes nodes of MIG instances, of rights over MIG that are asked for, and of these IMEX channels,
// where the driver serves them and nobody has made them: as nvidia-modprobe would, with the
// driver's own numbers and modes, outside user namespaces.
void make_missing_nodes(const driver::Roots& roots, const driver::Search& search,
                        const plan::Request& request, std::span<const unsigned> imex_channels,
                        driver::Inventory& inventory, const Log& log);

// Asks NVML at most once, and only what plan::nvml_question says. What it does not tell stays
// unknown in the inventory; whether that matters is plan's to decide.
void ask_nvml(const driver::Roots& roots, const driver::Search& search,
              const plan::Request& request, const driver::NvmlSettings& settings,
              driver::Inventory& inventory, const Log& log);

// Warns of what NVML did not tell, once it is known that the request can be served without.
void warn_of_unanswered(const driver::Inventory& inventory, const Log& log);

}  // namespace nvbox::runtime
