// The machine as nvidia-container-runtime looks at it.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "machine/place.h"
#include "machine/survey.h"
#include "plan/request.h"
#include "runtime/story.h"

namespace nvbox::runtime {

// As config.toml and the environment say.
Result<machine::Place> open_place(const InjectOptions& options);

// Which missing nodes config.toml allows to be made.
machine::MissingNodes missing_nodes(const config::Config& config);

// machine::survey, with the rights over MIG that are asked for; what had to be left out is logged.
Result<machine::Survey> survey_for(const machine::Place& place, const plan::Request& request,
                                   const driver::Need& need, const InjectOptions& options,
                                   const Log& log);

}  // namespace nvbox::runtime
