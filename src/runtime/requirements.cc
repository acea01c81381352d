#include "runtime/requirements.h"

#include <vector>

#include "plan/requirements.h"
#include "runtime/mig_rights.h"

namespace nvbox::runtime {

Result<> check_requirements(std::span<const std::string> requirements,
                            const driver::Inventory& inventory, const plan::Selection& selection,
                            Nvml nvml) {
  std::vector<plan::Facts> all = plan::facts_about(inventory, selection);
  if (nvml == Nvml::unasked) {
    std::erase_if(
        all, [&](const plan::Facts& facts) { return plan::are_undecided(requirements, facts); });
  }
  return plan::check_requirements(requirements, all).in("requirement error");
}

Result<> check_conditions(const plan::Request& request, const driver::Inventory& inventory,
                          const plan::Selection& selection, Nvml nvml) {
  NVBOX_TRY(check_mig_rights({request.mig_config, request.mig_monitor}, selection, request.ask));
  return check_requirements(request.requirements, inventory, selection, nvml);
}

}  // namespace nvbox::runtime
