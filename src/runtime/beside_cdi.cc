#include "runtime/beside_cdi.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "machine/survey.h"
#include "plan/edits_for.h"
#include "plan/mode.h"
#include "plan/requirements.h"
#include "plan/select.h"
#include "runtime/place.h"

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
  return plan::check_requirements(request.requirements, inventory, all).has_value();
}

}  // namespace

Result<> add_beside_cdi(const plan::Request& request, const InjectOptions& options, const Log& log,
                        spec::ContainerEdits& edits) {
  const bool concerns_nvidia =
      request.devices.empty() || std::ranges::any_of(request.devices, is_of_nvidia);
  const bool has_rights = request.mig.are_asked_for();
  if (!concerns_nvidia || (request.requirements.empty() && !has_rights)) return {};
  NVBOX_TRY(plan::given_rights(request.mig));
  const machine::Place place = NVBOX_TRY(open_place(options));
  const plan::Request asked = native(request, options.config);
  auto found = machine::discover(place, {.facts = true, .files = driver::Capabilities::none});
  if (!found) {
    log.warning(cat("the image's requirements are not checked, and no rights over MIG given: ",
                    found.error().message()));
    return {};
  }
  driver::Inventory inventory = std::move(found).value();
  if (!has_rights && are_met_by_all(request, inventory)) return {};
  // What stands against the request is found again below; names that this host does not have are
  // the specification's to explain.
  (void)machine::complete(place, asked, missing_nodes(options.config), inventory, log);
  plan::Selection selection;
  if (auto selected = plan::select(inventory, asked)) selection = std::move(selected).value();
  NVBOX_TRY(plan::check_requirements(request.requirements, inventory, selection));
  NVBOX_TRY(machine::find_mig_rights(place, asked, selection, inventory));
  if (has_rights && inventory.mig_controls.empty()) {
    log.warning("no rights over MIG are given: none of the devices is known as a GPU with MIG");
  }
  plan::add_mig_rights(inventory, options.config, edits);
  return {};
}

}  // namespace nvbox::runtime
