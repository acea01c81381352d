// `--load-kmods`: the driver's kernel modules are loaded and its device nodes are made, like
// nvidia-modprobe and udev do elsewhere.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nvbox/base/log.h"
#include "nvbox/base/result.h"
#include "nvbox/driver/discover.h"

namespace nvbox::apply {

// Modules come from below the driver root, nodes go below the dev root. What is there already stays
// as it is, and everything that fails is only logged: a container that needs what is missing fails
// with a better message later. Does nothing in a user namespace.
void load_modules(const driver::Roots& roots, std::span<const unsigned> imex_channels,
                  const Log& log);

// The modules of the driver, in the order in which they are loaded.
inline constexpr std::string_view driver_modules[] = {"nvidia", "nvidia-uvm", "nvidia-modeset"};

enum class Loaded { before, now };

// Loads one module from below the driver root, unless the kernel has it.
Result<Loaded> load_module(const driver::Roots& roots, std::string_view module);

// The files of a module and of those that it needs, relative to the directory of modules.dep and in
// the order in which they have to be loaded. Empty when the module is not listed.
std::vector<std::string> files_to_load(std::string_view modules_dep, std::string_view module);

}  // namespace nvbox::apply
