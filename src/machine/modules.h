// `--load-kmods`: the driver's kernel modules are loaded and its device nodes are made, like
// nvidia-modprobe and udev do elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "driver/discover.h"
#include "machine/nodes.h"

namespace nvbox::machine {

// What it takes to load the modules and make their nodes.
inline constexpr sys::CapSet loads_modules =
    makes_nodes | sys::CapSet{CAP_SYS_CHROOT, CAP_SYS_MODULE};

// Whether the nodes of MIG instances and of rights over MIG are made as well.
enum class CapabilityNodes { leave, make };

// Modules come from below the driver root, nodes go below the dev root. Every node that the driver
// serves, but for IMEX channels, which are given to those who ask for them, is made with the
// driver's mode and owner, which one that exists gets, too (make_node). Everything that fails is
// only logged: a container that needs what is missing fails with a better message later. Does
// nothing in a user namespace, and on a Tegra, whose udev gives nodes to a group.
void load_modules(const driver::Roots& roots, CapabilityNodes capabilities, const Log& log);

// The same for a description of the host: nodes that exist stay as they are (make_node_if_missing),
// because an administrator may have given them another group.
void load_modules_for_description(const driver::Roots& roots, const Log& log);

// The modules of the driver, in the order in which they are loaded.
inline constexpr std::string_view driver_modules[] = {"nvidia", "nvidia-uvm", "nvidia-modeset"};

enum class Loaded { before, now };

// Loads one module from below the driver root, unless the kernel has it.
Result<Loaded> load_module(const driver::Roots& roots, std::string_view module);

// The files of a module and of those that it needs, relative to the directory of modules.dep and in
// the order in which they have to be loaded. Empty when the module is not listed.
std::vector<std::string> files_to_load(std::string_view modules_dep, std::string_view module);

}  // namespace nvbox::machine
