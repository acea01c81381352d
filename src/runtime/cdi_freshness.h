// Whether a CDI specification of GPUs still describes this host.
#pragma once

#include <optional>
#include <string>

#include "nvbox/host/root.h"
#include "nvbox/spec/cdi.h"

namespace nvbox::runtime {

// Why it does not; nullopt when it does, or when nobody can tell because no driver is loaded. A
// specification of nvidia-ctk's own says in its annotations what it was made for; of one that the
// peer made, every file must be there: the names of the driver's libraries end in its version.
std::optional<std::string> staleness(const spec::CdiSpec& spec, const host::Root& host);

}  // namespace nvbox::runtime
