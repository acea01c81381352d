#include "nvbox/runtime/requirements.h"

#include "nvbox/plan/requirements.h"

namespace nvbox::runtime {

Result<> check_requirements(std::span<const std::string> requirements,
                            const driver::Inventory& inventory, const plan::Selection& selection) {
  return plan::check_requirements(requirements, plan::facts_about(inventory, selection))
      .in("requirement error");
}

}  // namespace nvbox::runtime
