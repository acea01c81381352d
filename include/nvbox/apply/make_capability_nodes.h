// Nodes of the driver's capabilities, where nobody has made them yet: nvidia-modprobe does so when
// the first program asks NVML, and a container may well be the first.
#pragma once

#include <cstddef>
#include <span>

#include "nvbox/base/log.h"
#include "nvbox/driver/discover.h"

namespace nvbox::apply {

// Makes the missing nodes below /dev/nvidia-caps, of MIG instances that exist, and those of the
// IMEX channels; returns how many were made. Where the administrator forbids it
// (DeviceFileModify: 0) or this is a user namespace, none is. What fails is told in the log.
size_t make_capability_nodes(const driver::Roots& roots, std::span<const unsigned> imex_channels,
                             const Log& log);

}  // namespace nvbox::apply
