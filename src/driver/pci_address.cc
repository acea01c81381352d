#include "driver/pci_address.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace nvbox::driver {

std::optional<PciAddress> parse_pci_address(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  const std::vector<std::string_view> slot = split(parts[2], '.');
  if (slot.size() != 2) return std::nullopt;
  const auto domain = parse_number<std::uint32_t>(parts[0], 16);
  const auto bus = parse_number<std::uint8_t>(parts[1], 16);
  const auto device = parse_number<std::uint8_t>(slot[0], 16);
  const auto function = parse_number<std::uint8_t>(slot[1], 16);
  if (!domain || !bus || !device || !function) return std::nullopt;
  return PciAddress{*domain, *bus, *device, *function};
}

std::string to_text(const PciAddress& address) {
  return cat(hexadecimal(address.domain, 4), ":", hexadecimal(address.bus, 2), ":",
             hexadecimal(address.device, 2), ".", hexadecimal(address.function, 1));
}

std::string bus_location(std::string_view bus_id) {
  if (bus_id.empty()) return "";
  constexpr size_t domain_width = 8;
  const size_t domain = std::min(bus_id.find(':'), bus_id.size());
  return cat(std::string(domain_width - std::min(domain, domain_width), '0'), bus_id);
}

}  // namespace nvbox::driver
