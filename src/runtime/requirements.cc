#include "nvbox/runtime/requirements.h"

#include <vector>

#include "nvbox/plan/requirements.h"

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

}  // namespace nvbox::runtime
