// Half a container is none: whoever asks for CUDA and gets no libcuda finds out far away from here.
#pragma once

#include "base/result.h"
#include "driver/inventory.h"

namespace nvbox::plan {

// An error when something could not be looked at without which one of `asked` is nothing. What the
// driver does not have at all is none: there are drivers without libcuda, and whoever asks for
// everything gets what there is.
Result<> check_core(const driver::Inventory& inventory, driver::Capabilities asked);

}  // namespace nvbox::plan
