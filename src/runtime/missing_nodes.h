// Device nodes that a request needs and nobody has made yet: those of MIG instances, of rights over
// MIG and of IMEX channels. They are made as nvidia-modprobe would, with the driver's own numbers
// and modes, outside user namespaces.
//
// A request that is refused makes none. So each step first asks what would become of the request if
// the nodes were there.
#pragma once

#include <span>

#include "base/log.h"
#include "base/result.h"
#include "driver/discover.h"
#include "driver/inventory.h"
#include "plan/request.h"

namespace nvbox::runtime {

// The inventory as it will be when the nodes of MIG instances and of those of these IMEX channels
// that may be made are made.
driver::Inventory with_every_node(const driver::Roots& roots, std::span<const unsigned> channels,
                                  driver::Inventory inventory);

// Whether nodes of MIG instances are missing that the request may be about.
bool lacks_instance_nodes(const driver::Inventory& inventory, const plan::Request& request);

// Makes the missing nodes of all MIG instances. NVML tells nothing of instances without nodes.
void make_instance_nodes(const driver::Roots& roots, const driver::Search& search,
                         driver::Inventory& inventory, const Log& log);

// Makes the missing nodes of these IMEX channels, or none when one of them cannot be made.
void make_imex_channels(const driver::Roots& roots, const driver::Search& search,
                        std::span<const unsigned> channels, driver::Inventory& inventory,
                        const Log& log);

// Both for a request of a container, before and after NVML is asked: nodes of MIG instances, then
// those of rights over MIG and of these IMEX channels. Errors say why the request is refused.
Result<> make_nodes_for_nvml(const driver::Roots& roots, const driver::Search& search,
                             const plan::Request& request, std::span<const unsigned> channels,
                             driver::Inventory& inventory, const Log& log);
Result<> make_asked_nodes(const driver::Roots& roots, const driver::Search& search,
                          const plan::Request& request, std::span<const unsigned> channels,
                          driver::Inventory& inventory, const Log& log);

}  // namespace nvbox::runtime
