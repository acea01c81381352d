// What NVML would say about a driver or a GPU, as far as it is the same for every one of its kind.
// Tables, so that `info` neither loads a library nor wakes a GPU. A kind that they do not know has
// no answer; it is never guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "driver/context.h"
#include "driver/inventory.h"
#include "host/root.h"

namespace nvbox::driver {

// The newest CUDA version that a driver serves: "535.261.03" -> "12.2". Empty when not known.
std::string_view cuda_version_of(std::string_view driver_version);

struct ProductFacts {
  std::string_view brand{};         // NVML's word: "Nvidia", "Tesla"
  std::string_view architecture{};  // compute capability: "7.5"

  bool operator==(const ProductFacts&) const = default;
};

// By PCI device id (of vendor 10de). The names of brands changed with driver 510, so older drivers
// have none.
ProductFacts product_facts(std::uint16_t device_id, std::string_view driver_version);

// The id of the GPU at a PCI address as in /sys ("0000:3b:00.0"); nullopt when it is not
// there. The vendor is not asked for: the driver lists its own GPUs only.
Result<std::optional<std::uint16_t>> device_id_of(const host::Root& host, std::string_view bus_id);

// What the tables know of an inventory's driver and GPUs.
void add_product_facts(const Context& context, Inventory& inventory);

}  // namespace nvbox::driver
