// The device nodes that the driver has to serve, whether they exist or not: what nvidia-modprobe
// would make.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/root.h"

namespace nvbox::driver {

struct ExpectedNode {
  std::string path;  // below the dev root: "/dev/nvidia0"
  unsigned major = 0;
  unsigned minor = 0;
  mode_t mode = 0666;
  uid_t uid = 0;
  gid_t gid = 0;
  // False when the administrator forbids programs to make it (ModifyDeviceFiles: 0).
  bool may_be_made = true;

  bool operator==(const ExpectedNode&) const = default;
};

struct ExpectedNodes {
  std::vector<ExpectedNode> nodes{};
  std::vector<std::string> problems{};  // what could not be read
};

// nvidiactl, a node for each GPU by its real minor, nvidia-modeset, nvidia-uvm, nvidia-uvm-tools,
// the nodes of /proc/driver/nvidia/capabilities and the IMEX channels asked for: of each driver
// only when it is loaded, with the major that the kernel gave it.
ExpectedNodes expected_nodes(const host::Root& host, std::span<const unsigned> imex_channels);

// Whether the kernel has the module, loaded or built in: "nvidia", "nvidia-uvm", "nvidia-modeset".
// What the driver serves counts as well, since built-in modules need not be listed anywhere.
bool has_kernel_module(const host::Root& host, std::string_view module);

// Whether a GPU of NVIDIA is on the PCI bus.
bool has_pci_gpu(const host::Root& host);

}  // namespace nvbox::driver
