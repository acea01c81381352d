// NVIDIA_MIG_CONFIG_DEVICES and NVIDIA_MIG_MONITOR_DEVICES, --mig-config and --mig-monitor:
// containers that make MIG instances, and those that watch all of them.
#pragma once

#include <string>
#include <vector>

#include "nvbox/base/result.h"
#include "nvbox/driver/discover.h"
#include "nvbox/driver/inventory.h"
#include "nvbox/driver/mig_control.h"
#include "nvbox/spec/edits.h"

namespace nvbox::runtime {

// Each is empty or "all".
struct MigRights {
  std::string config{};
  std::string monitor{};

  bool are_given() const { return !config.empty() || !monitor.empty(); }
};

// An error, which begins with the right as in the peer's messages ("mig-config error"), for another
// value than "all".
Result<> check_mig_rights(const MigRights& rights);

// What the rights consist of for these GPUs. Errors: those of check_mig_rights, and a driver
// without MIG.
Result<std::vector<driver::MigControl>> find_mig_rights(const MigRights& rights,
                                                        const driver::Roots& roots,
                                                        const std::vector<driver::Gpu>& gpus);

// Adds the nodes of the rights that are not there yet. `dev_root` is Driver::dev_root.
void add_nodes(const std::vector<driver::MigControl>& controls, const std::string& dev_root,
               spec::ContainerEdits& edits);

}  // namespace nvbox::runtime
