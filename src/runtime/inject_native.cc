#include "runtime/inject_native.h"

#include <utility>

#include "apply/to_oci.h"
#include "base/text.h"
#include "machine/survey.h"
#include "plan/edits_for.h"
#include "plan/requirements.h"
#include "runtime/place.h"

namespace nvbox::runtime {
namespace {

// A driver that guards MIG devices by files below /proc alone shows them to every container whose
// /proc nobody covers.
void warn_of_open_mig(const driver::Inventory& inventory, const plan::Selection& selection,
                      const Log& log) {
  for (const auto& [gpu, mig] : selection.migs) {
    if (!inventory.gpus[gpu].mig[mig].is_guarded_by_files) continue;
    log.warning(
        "this driver has no nodes for MIG devices, only files below /proc that every container can "
        "read; in legacy mode, containers see only their own");
    return;
  }
}

}  // namespace

// The hook does not trust its environment to name a file, but it does its arguments.
spec::Hook work_hook(const spec::ContainerWork& work, const InjectOptions& options) {
  spec::Hook hook = plan::hook_for(work, options.program);
  const std::string_view debug = options.environment.get("NVIDIA_CTK_DEBUG").value_or("");
  if (parse_bool(debug).value_or(false)) hook.env = {"NVIDIA_CTK_DEBUG=true"};
  if (debug.starts_with('/')) hook.args.insert(hook.args.begin() + 1, cat("--log=", debug));
  return hook;
}

Result<> inject_native(spec::OciSpec& spec, const plan::Request& request,
                       const InjectOptions& options, const Log& log) {
  const machine::Place place = NVBOX_TRY(open_place(options));
  auto [inventory, selection] =
      NVBOX_TRY(survey_for(place, request, plan::need_of(request), options, log));
  NVBOX_TRY(plan::check_requirements(request.requirements, inventory, selection));
  plan::Plan plan = plan::plan_for(inventory, selection, request.capabilities, options.config);
  warn_of_open_mig(inventory, selection, log);
  if (!plan.work.empty()) {
    plan.edits.hooks.push_back(work_hook(plan.work, options));
  }
  NVBOX_TRY(apply::add_edits(spec, plan.edits).in("config.json"));
  log.debug(cat("injected ", plan.edits.nodes.size(), " device nodes and ",
                plan.edits.mounts.size(), " mounts"));
  return {};
}

}  // namespace nvbox::runtime
