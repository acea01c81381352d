#include "runtime/story.h"

#include <utility>

#include "apply/to_oci.h"
#include "driver/driver_files.h"
#include "plan/mode.h"
#include "plan/request.h"
#include "runtime/beside_cdi.h"
#include "runtime/graphics_needs.h"
#include "runtime/inject.h"

namespace nvbox::runtime {
namespace {

// Annotations name CDI devices, so they count in cdi mode, and in auto mode when they turn out to
// ask for CDI devices and nothing else.
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

// Names of runtime.nvidia.com/gpu by what nvbox finds on the host, all others by the specifications
// on disk. The modes differ in what a name without a kind is.
Result<> inject_named(spec::OciSpec& spec, const plan::Request& request, plan::Mode mode,
                      const InjectOptions& options, const Log& log) {
  const std::vector<std::string> names = plan::cdi_names(request, mode, options.config);
  if (NVBOX_TRY(plan::are_runtime_names(names, mode, options.config))) {
    return inject_native(spec, plan::with_runtime_names(request, names), options, log);
  }
  CdiAnswer answer = NVBOX_TRY(answer_by_cdi(names, request, options, log));
  if (auto* edits = std::get_if<spec::ContainerEdits>(&answer)) {
    NVBOX_TRY(add_beside_cdi(request, options, log, *edits));
    return apply::add_edits(spec, *edits).in("config.json");
  }
  return inject_native(spec, std::get<plan::Request>(std::move(answer)), options, log);
}

Result<> inject(spec::OciSpec& spec, plan::Mode mode, const plan::Request& request,
                const InjectOptions& options, const Log& log) {
  switch (mode) {
    case plan::Mode::legacy:
      return inject_legacy(spec, request, options, log);
    case plan::Mode::jit_cdi:
    case plan::Mode::cdi:
      return inject_named(spec, request, mode, options, log);
    case plan::Mode::csv:
      break;
  }
  const plan::Request named = NVBOX_TRY(plan::with_native_names(request, options.config));
  return inject_native(spec, named, options, log);
}

}  // namespace

Result<Injected> inject_gpus(spec::OciSpec& spec, const InjectOptions& options, const Log& log) {
  const spec::ContainerView container = NVBOX_TRY(spec.view().in("config.json"));
  const auto [request, mode] = NVBOX_TRY(request_and_mode(container, options));
  for (const std::string& warning : request.warnings) log.warning(warning);
  // In legacy mode the engine's hook is the one that does the work.
  size_t removed_hooks = 0;
  if (mode != plan::Mode::legacy) {
    removed_hooks = NVBOX_TRY(apply::remove_nvidia_hooks(spec).in("config.json"));
  }
  if (request.ask == plan::Ask::nothing) {
    return removed_hooks > 0 ? Injected::edits : Injected::nothing;
  }
  NVBOX_TRY(inject(spec, mode, request, options, log));
  if (!options.bundle.empty() && intersects(request.capabilities, driver::graphical)) {
    note_missing_for_graphics(spec, options.bundle, log);
  }
  return Injected::edits;
}

}  // namespace nvbox::runtime
