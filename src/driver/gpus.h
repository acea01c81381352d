// GPUs, from /proc/driver/nvidia/gpus and what /dev and /sys have for each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/context.h"
#include "driver/inventory.h"
#include "sys/fd.h"

namespace nvbox::driver {

// /proc/driver/nvidia/gpus/ADDRESS/information
struct Information {
  std::string model{};
  std::string uuid{};
  std::optional<unsigned> minor{};
  bool is_excluded = false;

  bool operator==(const Information&) const = default;
};

Information parse_information(std::string_view text);

// In the order of NVML's indices. A GPU whose file cannot be read counts; excluded ones do not.
std::vector<Gpu> find_gpus(const Context& context);

}  // namespace nvbox::driver
