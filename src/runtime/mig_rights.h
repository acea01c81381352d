// NVIDIA_MIG_CONFIG_DEVICES and NVIDIA_MIG_MONITOR_DEVICES, --mig-config and --mig-monitor:
// containers that make MIG instances, and those that watch all of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/discover.h"
#include "driver/inventory.h"
#include "plan/request.h"
#include "plan/select.h"

namespace nvbox::runtime {

// Lists of devices, of which only "all" is served.
struct MigRights {
  std::string config{};
  std::string monitor{};

  bool are_given() const { return !config.empty() || !monitor.empty(); }
};

// The peer's rule for either list: empty items are none, "all" in any case of letters ends the
// list, and anything else is an error, which begins with the right as in the peer's messages
// ("mig-config error"). To be asked before anything is done for the rights' sake.
Result<> check_mig_rights(const MigRights& rights);

// The same, and an error for MIG devices that were asked for by name, because who has a right sees
// every device of the GPU. `ask` says how the selected devices were asked for.
Result<> check_mig_rights(const MigRights& rights, const plan::Selection& selection, plan::Ask ask);

// What the rights consist of for the selected GPUs: nothing without a GPU that can do MIG. Errors
// besides check_mig_rights's are find_mig_control's.
Result<std::vector<driver::MigControl>> find_mig_rights(const MigRights& rights,
                                                        const driver::Roots& roots,
                                                        const driver::Inventory& inventory,
                                                        const plan::Selection& selection,
                                                        plan::Ask ask);

}  // namespace nvbox::runtime
