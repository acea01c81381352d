// The ways in which a container's specification gets its devices: by CDI specifications on disk, by
// what nvbox finds itself (jit-cdi), and by the prestart hook (legacy).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "plan/request.h"
#include "runtime/story.h"
#include "spec/container_work.h"
#include "spec/edits.h"
#include "spec/oci.h"

namespace nvbox::runtime {

// What the specifications say, ready to be applied; or the request that is left to nvbox's own
// knowledge of the host, because the specification that has the devices is nvidia-ctk's and of
// another driver or of other devices than the host has now.
using CdiAnswer = std::variant<spec::ContainerEdits, plan::Request>;

// Of qualified names (plan::cdi_names); `request` is what else is asked for. An error when one of
// them is in no specification, or when a specification cannot be applied to this host: then nothing
// is to be applied, and never more than the specifications name.
Result<CdiAnswer> answer_by_cdi(const std::vector<std::string>& names, const plan::Request& request,
                                const InjectOptions& options, const Log& log);

// The modes in which nvbox finds out itself what a device consists of.

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
