// NVIDIA_MIG_CONFIG_DEVICES and NVIDIA_MIG_MONITOR_DEVICES, --mig-config and --mig-monitor:
// containers that make MIG instances, and those that watch all of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nvbox::plan {

enum class Ask;
struct Selection;

// Lists of devices, of which only "all" is served.
struct MigRights {
  std::string config{};
  std::string monitor{};

  bool are_asked_for() const { return !config.empty() || !monitor.empty(); }
  bool operator==(const MigRights&) const = default;
};

// "config" and "monitor", as far as they are given. NVIDIA's rule for either list: empty items are
// none, "all" in any case of letters ends the list, and anything else is an error, which begins
// with the right as in NVIDIA's messages ("mig-config error"). To be asked before anything is done
// for the rights' sake.
Result<std::vector<std::string_view>> given_rights(const MigRights& rights);

// An error for MIG devices that were asked for by name, because who has a right sees every device
// of the GPU. `ask` says how the selected devices were asked for.
Result<> check_mig_rights(const MigRights& rights, const Selection& selection, Ask ask);

// What precedes the errors that are about a right: "mig-config error".
std::string error_class_of(std::string_view right);

}  // namespace nvbox::plan
