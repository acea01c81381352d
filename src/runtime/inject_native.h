// The modes in which nvbox finds out itself what a device consists of.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "plan/request.h"
#include "runtime/story.h"
#include "spec/container_work.h"
#include "spec/edits.h"
#include "spec/oci.h"

namespace nvbox::runtime {

// What nvbox knows of the host itself, without a specification: everything goes into config.json,
// and one createContainer hook does the rest.
Result<> inject_native(spec::OciSpec& spec, const plan::Request& request,
                       const InjectOptions& options, const Log& log);

// legacy: the prestart hook configures the container, as without this runtime. The device nodes,
// with their cgroup rules, are in the specification all the same: rules that only a hook knows of
// are lost when systemd or `docker update` writes the container's own ones again.
Result<> inject_legacy(spec::OciSpec& spec, const plan::Request& request,
                       const InjectOptions& options, const Log& log);

// plan::hook_for, which also passes NVIDIA_CTK_DEBUG on.
spec::Hook work_hook(const spec::ContainerWork& work, const InjectOptions& options);

}  // namespace nvbox::runtime
