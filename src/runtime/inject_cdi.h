// Devices that the CDI specifications on disk answer for.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "plan/request.h"
#include "runtime/story.h"
#include "spec/edits.h"

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

}  // namespace nvbox::runtime
