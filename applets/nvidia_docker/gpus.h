// NV_GPU: the list of GPUs, and what this host knows about the names in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/inventory.h"

namespace nvbox::applets::docker {

struct GpuList {
  enum class Asks { unset, nothing, all, listed };
  Asks asks = Asks::unset;
  // For NVIDIA_VISIBLE_DEVICES: as nvidia-docker 2 writes it, every space a comma, but with ranges
  // spelled out, because the daemon's runtime may be one that does not know them.
  std::string value{};
  // For Asks::listed, each once.
  std::vector<std::string> names{};

  bool operator==(const GpuList&) const = default;
};

// Names are separated by spaces or commas. An error is a range that cannot be one.
Result<GpuList> parse_gpus(std::string_view text);

// Whether the list has names that the inventory can confirm: all but those of MIG devices, whose
// numbers and UUIDs only NVML knows.
bool is_checkable(const GpuList& gpus);

// The names as indices, which CDI specifications always have. A GPU that is not there, or cannot be
// used, is an error. What cannot be checked stays as it is.
Result<GpuList> resolve_gpus(GpuList gpus, driver::Inventory inventory);

}  // namespace nvbox::applets::docker
