// Whether a CDI specification of GPUs still describes this host.
#pragma once

#include <optional>
#include <string>

#include "nvbox/config/cdi_registry.h"
#include "nvbox/driver/discover.h"

namespace nvbox::runtime {

// Why it does not; nullopt when it does, or when nobody can tell because no driver is loaded. A
// specification of nvidia-ctk's own says what it was made for (spec/cdi_stamp.h); of one that the
// peer made, every file must be there: the names of the driver's libraries end in its version.
std::optional<std::string> staleness(const config::CdiFile& file, const driver::Roots& roots);

}  // namespace nvbox::runtime
