// Addresses of PCI functions as /proc and /sys write them: "0000:3b:00.0", with a domain of four
// digits or, in some places, eight.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nvbox::driver {

struct PciAddress {
  std::uint32_t domain = 0;
  std::uint8_t bus = 0;
  std::uint8_t device = 0;
  std::uint8_t function = 0;

  bool operator==(const PciAddress&) const = default;

  // NVML counts GPUs in the order of these.
  std::uint64_t position() const {
    return std::uint64_t{domain} << 24 | std::uint64_t{bus} << 16 | std::uint64_t{device} << 8 |
           function;
  }
};

std::optional<PciAddress> parse_pci_address(std::string_view text);

// As /sys/bus/pci/devices spells it: lower case, the domain with at least four digits.
std::string to_text(const PciAddress& address);

// As NVIDIA's tools spell it: "0000:3b:00.0" -> "00000000:3b:00.0", "" of a GPU that is not on the
// bus.
std::string bus_location(std::string_view bus_id);

}  // namespace nvbox::driver
