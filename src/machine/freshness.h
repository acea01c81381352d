// Whether a CDI specification of this host's GPUs, of nvidia-ctk's making, still describes them.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "config/cdi_registry.h"
#include "driver/discover.h"

namespace nvbox::machine {

// Why it does not; nullopt when it does, or when it does not say what it was made for
// (spec/cdi_stamp.h): then somebody else made it, who knows what is meant. What it does not contain
// may change: nodes of other devices, modes, groups, a module that is not loaded. An error when no
// driver is loaded, so that nobody can tell.
Result<std::optional<std::string>> staleness(const config::CdiFile& file,
                                             const driver::Roots& roots);

}  // namespace nvbox::machine
