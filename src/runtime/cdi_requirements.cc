#include "runtime/cdi_requirements.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nvbox/base/text.h"
#include "nvbox/driver/discover.h"
#include "nvbox/plan/native_names.h"
#include "nvbox/plan/select.h"
#include "nvbox/runtime/requirements.h"
#include "runtime/machine.h"

namespace nvbox::runtime {
namespace {

// nvidia.com/gpu=0, k8s.device-plugin.nvidia.com/gpu=GPU-..., and names without a kind.
bool is_of_nvidia(std::string_view name) {
  const size_t slash = name.find('/');
  return slash == std::string_view::npos || name.substr(0, slash).ends_with("nvidia.com");
}

// The GPUs that names of this host's kinds mean; none where they are names of somebody's own.
plan::Selection selected(const driver::Inventory& inventory, const plan::Request& request,
                         const config::Config& config) {
  const auto native = plan::with_native_names(request, config);
  if (!native) return {};
  auto selection = plan::select(inventory, *native);
  return selection ? std::move(selection).value() : plan::Selection{};
}

}  // namespace

Result<> check_cdi_requirements(const plan::Request& request, const InjectOptions& options,
                                const Log& log) {
  const bool concerns_nvidia =
      request.devices.empty() || std::ranges::any_of(request.devices, is_of_nvidia);
  if (request.requirements.empty() || !concerns_nvidia) return {};
  const Machine machine = NVBOX_TRY(Machine::open(options.config));
  const auto inventory =
      driver::discover(machine.roots(), {}, {.gpus = true, .files = driver::Capabilities::none});
  if (!inventory) {
    log.warning(cat("the image's requirements are not checked: ", inventory.error().message()));
    return {};
  }
  return check_requirements(request.requirements, machine.host(), *inventory,
                            selected(*inventory, request, options.config));
}

}  // namespace nvbox::runtime
