#include "runtime/beside_cdi.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "driver/discover.h"
#include "plan/edits_for.h"
#include "plan/native_names.h"
#include "plan/select.h"
#include "runtime/machine.h"
#include "runtime/requirements.h"

namespace nvbox::runtime {
namespace {

// nvidia.com/gpu=0, k8s.device-plugin.nvidia.com/gpu=GPU-..., and names without a kind.
bool is_of_nvidia(std::string_view name) {
  const size_t slash = name.find('/');
  return slash == std::string_view::npos || name.substr(0, slash).ends_with("nvidia.com");
}

// The request for the GPUs that names of this host's kinds mean. Other names are somebody's own.
plan::Request native(plan::Request request, const config::Config& config) {
  std::erase_if(request.devices, [&](const std::string& name) {
    return !plan::with_native_names({.ask = plan::Ask::listed, .devices = {name}}, config);
  });
  auto known = plan::with_native_names(std::move(request), config);
  known->capabilities = driver::Capabilities::none;
  known->imex_channels.clear();
  return std::move(known).value();
}

// Whether every GPU meets the requirements, so that it does not matter which of them is meant.
bool are_met_by_all(const plan::Request& request, const driver::Inventory& inventory) {
  plan::Selection all;
  for (size_t position = 0; position < inventory.gpus.size(); ++position) {
    all.gpus.push_back(position);
  }
  return check_requirements(request.requirements, inventory, all).has_value();
}

}  // namespace

Result<> add_beside_cdi(const plan::Request& request, const InjectOptions& options, const Log& log,
                        spec::ContainerEdits& edits) {
  const bool concerns_nvidia =
      request.devices.empty() || std::ranges::any_of(request.devices, is_of_nvidia);
  const bool has_rights = !request.mig_config.empty() || !request.mig_monitor.empty();
  if (!concerns_nvidia || (request.requirements.empty() && !has_rights)) return {};
  NVBOX_TRY(check_rights(request));
  const Machine machine = NVBOX_TRY(Machine::open(options.config));
  const driver::Need need = {.facts = true, .files = driver::Capabilities::none};
  const plan::Request asked = native(request, options.config);
  auto found = look(machine, need, options);
  if (!found) {
    log.warning(cat("the image's requirements are not checked, and no rights over MIG given: ",
                    found.error().message()));
    return {};
  }
  if (!has_rights && are_met_by_all(request, *found)) return {};
  Choice choice = {.inventory = std::move(found).value(), .selection = {}};
  // What stands against the request is found again below; names that this host does not have are
  // the specification's to explain.
  (void)complete(machine, asked, options, choice.inventory, log);
  if (auto selection = plan::select(choice.inventory, asked)) {
    choice.selection = std::move(selection).value();
  }
  NVBOX_TRY(check_requirements(request.requirements, choice.inventory, choice.selection));
  NVBOX_TRY(find_rights(asked, machine, choice));
  if (has_rights && choice.inventory.mig_controls.empty()) {
    log.warning("no rights over MIG are given: none of the devices is known as a GPU with MIG");
  }
  plan::add_mig_rights(choice.inventory, options.config, edits);
  return {};
}

}  // namespace nvbox::runtime
