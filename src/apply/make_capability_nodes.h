// Nodes of the driver's capabilities, where nobody has made them yet: nvidia-modprobe does so when
// the first program asks NVML, and a container may well be the first.
//
// Where the administrator forbids it (DeviceFileModify: 0) or this is a user namespace, none is
// made. What fails is told in the log. Both return how many were made.
#pragma once

#include <cstddef>
#include <span>

#include "base/log.h"
#include "driver/discover.h"

namespace nvbox::apply {

// The missing nodes below /dev/nvidia-caps: of rights over MIG, and of MIG instances that exist.
size_t make_capability_nodes(const driver::Roots& roots, const Log& log);

// The missing nodes of these IMEX channels.
size_t make_imex_channels(const driver::Roots& roots, std::span<const unsigned> channels,
                          const Log& log);

}  // namespace nvbox::apply
