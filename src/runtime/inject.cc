#include "nvbox/runtime/inject.h"

#include <utility>

#include "nvbox/apply/to_oci.h"
#include "nvbox/base/text.h"
#include "nvbox/driver/discover.h"
#include "nvbox/host/root.h"
#include "nvbox/plan/edits_for.h"
#include "nvbox/plan/mode.h"
#include "nvbox/plan/request.h"
#include "nvbox/plan/select.h"

namespace nvbox::runtime {
namespace {

// Annotations only name CDI devices, so they count where CDI specifications are consulted: in cdi
// mode, and in auto mode when they turn out to ask for CDI devices and nothing else.
Result<std::pair<plan::Request, plan::Mode>> request_and_mode(const spec::ContainerView& container,
                                                              const InjectOptions& options) {
  if (options.mode == "auto" || options.mode == "cdi") {
    plan::Request request =
        NVBOX_TRY(plan::request_of(container, options.config, plan::Annotations::honour));
    const plan::Mode mode = NVBOX_TRY(plan::resolve_mode(options.mode, request));
    if (!request.from_annotations || mode == plan::Mode::cdi) {
      return std::pair(std::move(request), mode);
    }
  }
  plan::Request request =
      NVBOX_TRY(plan::request_of(container, options.config, plan::Annotations::ignore));
  const plan::Mode mode = NVBOX_TRY(plan::resolve_mode(options.mode, request));
  return std::pair(std::move(request), mode);
}

Result<> require_jit(plan::Mode mode) {
  switch (mode) {
    case plan::Mode::jit_cdi:
      return {};
    case plan::Mode::cdi:
      return Error("devices of CDI specifications are not served by this version of nvbox")
          .hint("let the engine resolve CDI names itself, or ask by index or UUID");
    case plan::Mode::legacy:
    case plan::Mode::csv:
      break;
  }
  return Error("the modes legacy and csv are not served by this version of nvbox")
      .hint("set nvidia-container-runtime.mode to auto or jit-cdi in config.toml");
}

Result<driver::Inventory> discover(const InjectOptions& options, const driver::Need& need) {
  const std::string& driver_root = options.config.cli.root;
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const host::Root driver = NVBOX_TRY(
      host::Root::open(driver_root.empty() ? "/" : driver_root).in("nvidia-container-cli.root"));
  const auto variable = [&](std::string_view name) {
    return std::string(options.environment.get(name).value_or(""));
  };
  return driver::discover({.host = host, .driver = driver, .dev = driver},
                          {.path = variable("PATH"),
                           .xdg_data_dirs = variable("XDG_DATA_DIRS"),
                           .ld_cache = options.config.cli.ldcache,
                           .mps_directory = variable("CUDA_MPS_PIPE_DIRECTORY")},
                          need);
}

Result<plan::Plan> make_plan(const plan::Request& request, const InjectOptions& options,
                             const Log& log) {
  const driver::Inventory inventory = NVBOX_TRY(discover(options, plan::need_of(request)));
  for (const std::string& problem : inventory.problems) log.warning(problem);
  const plan::Selection selection = NVBOX_TRY(plan::select(inventory, request));
  for (const std::string& note : selection.notes) log.warning(note);
  return plan::plan_for(inventory, selection, request.capabilities, options.config);
}

}  // namespace

Result<Injected> inject_gpus(spec::OciSpec& spec, const InjectOptions& options, const Log& log) {
  const spec::ContainerView container = NVBOX_TRY(spec.view().in("config.json"));
  auto [request, mode] = NVBOX_TRY(request_and_mode(container, options));
  for (const std::string& warning : request.warnings) log.warning(warning);
  const size_t removed_hooks = NVBOX_TRY(apply::remove_nvidia_hooks(spec).in("config.json"));
  if (request.ask == plan::Ask::nothing) {
    return removed_hooks > 0 ? Injected::edits : Injected::nothing;
  }
  NVBOX_TRY(require_jit(mode));
  request = NVBOX_TRY(plan::strip_runtime_kind(std::move(request)));
  plan::Plan plan = NVBOX_TRY(make_plan(request, options, log));
  if (!plan.work.empty()) {
    plan.edits.hooks.push_back(plan::hook_for(plan.work, options.program));
  }
  NVBOX_TRY(apply::add_edits(spec, plan.edits).in("config.json"));
  log.debug(cat("injected ", plan.edits.nodes.size(), " device nodes and ",
                plan.edits.mounts.size(), " mounts"));
  return Injected::edits;
}

}  // namespace nvbox::runtime
