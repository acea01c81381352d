#include "nvbox/runtime/requirements.h"

#include <vector>

#include "nvbox/driver/product_facts.h"
#include "nvbox/plan/requirements.h"

namespace nvbox::runtime {
namespace {

Result<std::vector<plan::Facts>> facts_of(const host::Root& host,
                                          const driver::Inventory& inventory,
                                          const plan::Selection& selection) {
  const std::string& version = inventory.driver.version;
  const plan::Facts of_driver = {.driver = version,
                                 .cuda = std::string(driver::cuda_version_of(version))};
  std::vector<plan::Facts> facts;
  for (const size_t position : plan::gpus_of(selection)) {
    const auto id = NVBOX_TRY(driver::device_id_of(host, inventory.gpus[position].bus_id));
    const driver::ProductFacts product =
        id ? driver::product_facts(*id, version) : driver::ProductFacts{};
    facts.push_back(of_driver);
    facts.back().architecture = product.architecture;
    facts.back().brand = product.brand;
  }
  if (facts.empty()) facts.push_back(of_driver);
  return facts;
}

}  // namespace

Result<> check_requirements(std::span<const std::string> requirements, const host::Root& host,
                            const driver::Inventory& inventory, const plan::Selection& selection) {
  if (requirements.empty()) return {};
  const std::vector<plan::Facts> facts =
      NVBOX_TRY(facts_of(host, inventory, selection).in("requirement error"));
  return plan::check_requirements(requirements, facts).in("requirement error");
}

}  // namespace nvbox::runtime
