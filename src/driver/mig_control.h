// MigControl of a machine.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/discover.h"
#include "driver/inventory.h"

namespace nvbox::driver {

// `right` is "config" or "monitor". nullopt when none of the GPUs can do MIG. An error when the
// driver does not offer the right, or has nodes and nobody has made their directory.
Result<std::optional<MigControl>> find_mig_control(const Roots& roots, std::string_view right,
                                                   const std::vector<Gpu>& gpus);

}  // namespace nvbox::driver
