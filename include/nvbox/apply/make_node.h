// Device nodes of the driver, made as the kernel's numbers and the driver's parameters say.
#pragma once

#include "nvbox/base/result.h"
#include "nvbox/driver/expected_nodes.h"
#include "nvbox/host/root.h"

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
  other_access,  // the right device with another mode or owner
  other_thing,   // another device, a file, a link, ...
};

// What make_node_itself would find.
Result<NodeState> look_at_node(const host::Root& dev, const driver::ExpectedNode& node);

}  // namespace nvbox::apply
