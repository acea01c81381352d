// Device nodes of the driver, made as the kernel's numbers and the driver's parameters say.
#pragma once

#include "base/result.h"
#include "driver/expected_nodes.h"
#include "host/root.h"

namespace nvbox::apply {

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

}  // namespace nvbox::apply
