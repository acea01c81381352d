// Device nodes of the driver, made as the kernel's numbers and the driver's parameters say.
#pragma once

#include <linux/capability.h>

#include <cstddef>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "driver/discover.h"
#include "driver/expected_nodes.h"
#include "host/root.h"
#include "sys/capabilities.h"

namespace nvbox::machine {

// What it takes.
inline constexpr sys::CapSet makes_nodes = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_MKNOD};

// Makes the node below `dev` and its link in /dev/char, which runc and systemd look devices up by.
// A node that is right stays and gets the mode and owner; anything else in its place is replaced.
// One that programs must not make gets its link only.
Result<> make_node(const host::Root& dev, const driver::ExpectedNode& node);

// The node alone, whoever else may make it.
Result<> make_node_itself(const host::Root& dev, const driver::ExpectedNode& node);

enum class NodeState {
  right,
  missing,
  default_access,  // the right device with a mode and owner that nobody chose
  other_access,    // the right device with another mode or owner
  other_thing,     // another device, a file, a link, ...
};

// What make_node_itself would find. Nobody chose the access of a node of root whose mode is what
// devtmpfs, mknod(1) or the driver's own default gives.
Result<NodeState> look_at_node(const host::Root& dev, const driver::ExpectedNode& node);

// Makes a node that is missing, or in whose place is something else, with its link. One that exists
// stays as it is, unless nobody chose its access. Does nothing where programs must not make it.
Result<> make_node_if_missing(const host::Root& dev, const driver::ExpectedNode& node);

// Nodes of the driver's capabilities, where nobody has made them yet: nvidia-modprobe does so when
// the first program asks NVML, and a container may well be the first. Where the administrator
// forbids it (DeviceFileModify: 0) or this is a user namespace, none is made. What fails is told in
// the log. Both return how many were made.
//
// The missing nodes below /dev/nvidia-caps: of rights over MIG, and of MIG instances that exist.
size_t make_capability_nodes(const driver::Roots& roots, const Log& log);

// The missing nodes of these IMEX channels.
size_t make_imex_channels(const driver::Roots& roots, const std::vector<unsigned>& channels,
                          const Log& log);

// Those that the driver has for these channels, whether they exist or not.
driver::ExpectedNodes imex_nodes(const host::Root& host, const std::vector<unsigned>& channels);

}  // namespace nvbox::machine
