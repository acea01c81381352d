// What a container needs that makes MIG instances (mig-config) or watches them all (mig-monitor).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nvbox/base/result.h"
#include "nvbox/driver/discover.h"
#include "nvbox/driver/inventory.h"

namespace nvbox::driver {

struct MigControl {
  struct OfGpu {
    unsigned minor = 0;
    std::vector<HostDevice> nodes{};  // of every instance that there is or can be

    bool operator==(const OfGpu&) const = default;
  };

  std::string file{};         // "/proc/driver/nvidia/capabilities/mig/config"
  HostDevice node{};          // that the file stands for
  std::vector<OfGpu> gpus{};  // those that can do MIG

  bool operator==(const MigControl&) const = default;
};

// `right` is "config" or "monitor". An error when the driver does not offer it.
Result<MigControl> find_mig_control(const Roots& roots, std::string_view right,
                                    const std::vector<Gpu>& gpus);

}  // namespace nvbox::driver
