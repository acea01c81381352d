#include "plan/missing_nodes.h"

#include <algorithm>

#include "plan/nvml_question.h"
#include "plan/select.h"

namespace nvbox::plan {
namespace {

bool lacks_nodes(const driver::Gpu& gpu) {
  return !std::ranges::all_of(gpu.mig, driver::has_its_nodes);
}

}  // namespace

driver::Inventory with_every_node(driver::Inventory inventory,
                                  const std::vector<driver::HostDevice>& channels) {
  for (driver::Gpu& gpu : inventory.gpus) {
    for (driver::Mig& mig : gpu.mig) {
      if (!mig.gpu_instance_node) mig.gpu_instance_node.emplace();
      if (!mig.compute_instance_node) mig.compute_instance_node.emplace();
    }
  }
  inventory.imex_channels.insert(inventory.imex_channels.end(), channels.begin(), channels.end());
  return inventory;
}

bool lacks_instance_nodes(const driver::Inventory& inventory, const Request& request) {
  if (request.ask != Ask::all && !std::ranges::any_of(request.devices, may_name_mig)) {
    return false;
  }
  return std::ranges::any_of(inventory.gpus, lacks_nodes);
}

bool wants_mig_rights(const Request& request) {
  return request.mig.are_asked_for() && (request.ask == Ask::all || !request.devices.empty());
}

Result<> check_without_nodes(const driver::Inventory& with_nodes, const Request& request,
                             Nvml nvml) {
  const Selection selection = NVBOX_TRY(select(
      with_nodes, nvml == Nvml::asked ? request : without_names_for_nvml(with_nodes, request)));
  return check_conditions(request, with_nodes, selection, nvml);
}

}  // namespace nvbox::plan
