// Addresses of PCI functions as /proc and /sys write them: "0000:3b:00.0", with a domain of four
// digits or, in some places, eight.
#pragma once

#include <compare>
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

  auto operator<=>(const PciAddress&) const = default;
};

std::optional<PciAddress> parse_pci_address(std::string_view text);

// As /sys/bus/pci/devices spells it: lower case, the domain with at least four digits.
std::string to_text(const PciAddress& address);

}  // namespace nvbox::driver
