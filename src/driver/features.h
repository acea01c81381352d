// The parts of a driver beside GPUs and its files: GPUDirect Storage, InfiniBand verbs, GDRCopy and
// NVSwitch.
#pragma once

#include <vector>

#include "driver/context.h"
#include "driver/inventory.h"

namespace nvbox::driver {

// Those of need.features that this host has. A missing one is a problem.
std::vector<Feature> find_features(const Context& context);

}  // namespace nvbox::driver
