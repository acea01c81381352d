#include "runtime/inject_native.h"

#include <utility>

#include "apply/to_oci.h"
#include "base/text.h"
#include "plan/edits_for.h"
#include "runtime/machine.h"
#include "runtime/requirements.h"

namespace nvbox::runtime {

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
  const Machine machine = NVBOX_TRY(Machine::open(options.config));
  const Choice choice = NVBOX_TRY(choose(machine, request, plan::need_of(request), options, log));
  NVBOX_TRY(check_requirements(request.requirements, choice.inventory, choice.selection));
  plan::Plan plan =
      plan::plan_for(choice.inventory, choice.selection, request.capabilities, options.config);
  warn_of_open_mig(choice, log);
  if (!plan.work.empty()) {
    plan.edits.hooks.push_back(work_hook(plan.work, options));
  }
  NVBOX_TRY(apply::add_edits(spec, plan.edits).in("config.json"));
  log.debug(cat("injected ", plan.edits.nodes.size(), " device nodes and ",
                plan.edits.mounts.size(), " mounts"));
  return {};
}

}  // namespace nvbox::runtime
