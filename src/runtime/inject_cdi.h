// cdi mode: requests that the CDI specifications on disk answer.
#pragma once

#include <variant>

#include "nvbox/base/log.h"
#include "nvbox/base/result.h"
#include "nvbox/plan/request.h"
#include "nvbox/runtime/inject.h"
#include "nvbox/spec/edits.h"

namespace nvbox::runtime {

// What the specifications say, ready to be applied; or the request that is left to nvbox's own
// knowledge of the host, as in jit-cdi mode, with names of runtime.nvidia.com/gpu: because they
// were asked for, or because the specification of nvidia.com/gpu is not of this driver and these
// devices any more.
using CdiAnswer = std::variant<spec::ContainerEdits, plan::Request>;

// Names without a kind are the default kind's. An error when one of them is in no specification:
// then nothing is to be applied.
Result<CdiAnswer> answer_by_cdi(plan::Request request, const InjectOptions& options,
                                const Log& log);

}  // namespace nvbox::runtime
