// Device nodes that a request needs and nobody has made yet: those of MIG instances, of rights over
// MIG and of IMEX channels. Pure: what a request would come to if they were there.
#pragma once

#include <vector>

#include "base/result.h"
#include "driver/inventory.h"
#include "plan/request.h"
#include "plan/requirements.h"

namespace nvbox::plan {

// The inventory as it will be when the nodes of MIG instances and those of these IMEX channels are
// made.
driver::Inventory with_every_node(driver::Inventory inventory,
                                  const std::vector<driver::HostDevice>& channels);

// Whether nodes of MIG instances are missing that the request may be about.
bool lacks_instance_nodes(const driver::Inventory& inventory, const Request& request);

// Whether the request is for rights over MIG: who makes or watches instances of GPUs needs nodes
// that no instance has. Without a GPU they are nothing.
bool wants_mig_rights(const Request& request);

// What stands against the request beside missing nodes, on a host that has every node
// (with_every_node): so that a request that is refused makes none.
Result<> check_without_nodes(const driver::Inventory& with_nodes, const Request& request,
                             Nvml nvml);

}  // namespace nvbox::plan
