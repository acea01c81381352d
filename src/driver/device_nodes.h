// Device nodes below the dev root, and the majors that the kernel gave to drivers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/context.h"
#include "driver/discover.h"
#include "driver/inventory.h"

namespace nvbox::driver {

// The major of the character devices called `name` in the text of /proc/devices.
std::optional<unsigned> parse_major(std::string_view devices, std::string_view name);

// parse_major of the host's file.
std::optional<unsigned> read_major(const Context& context, std::string_view name);

// The character device at `path`; nullopt when nothing is there. Anything else in its place is an
// error.
Result<std::optional<HostDevice>> read_node(const Context& context, const std::string& path);

// read_node, with errors as problems.
std::optional<HostDevice> find_node(const Context& context, const std::string& path);

// The character devices that a path stands for: "/dev/gdrdrv", or with '*' at its end the names
// that begin like it, "/dev/nvidia-fs*". By the number at the end of the name, those without one
// first. What is not a character device is passed over.
std::vector<HostDevice> nodes_like(const Context& context, std::string_view pattern);

// Those of nvidiactl, nvidia-uvm, nvidia-uvm-tools and nvidia-modeset that are needed. Missing ones
// are problems.
std::vector<HostDevice> control_nodes(const Context& context);

// /dev/nvidia-caps-imex-channels/channelN, by N.
std::vector<HostDevice> imex_channels(const Context& context);

struct ManagementNodes {
  std::vector<HostDevice> nodes{};
  std::vector<Problem> problems{};  // what could not be looked at
};

// The nodes that exist of the GPUs, of the driver as a whole, of its capabilities and of IMEX
// channels, by depth and path. Not those of GPUDirect Storage, NVSwitch and NVLink.
ManagementNodes discover_management_nodes(const Roots& roots);

}  // namespace nvbox::driver
