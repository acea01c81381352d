// A host whose devices are all different, and which of them a name may mean: the rules of README.md
// ("What a container asks for") written down a second time, by comparing texts.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "driver/inventory.h"
#include "security/fuzz/fuzz.h"

namespace nvbox::fuzz {

inline driver::HostDevice gpu_node(unsigned minor) {
  return {.path = cat("/dev/nvidia", minor), .major = 195, .minor = minor, .mode = 0666};
}

inline driver::HostDevice capability_node(unsigned minor) {
  return {.path = cat("/dev/nvidia-caps/nvidia-cap", minor),
          .major = 511,
          .minor = minor,
          .mode = 0444};
}

// GPU 2 is broken, GPU 3 has MIG devices; minors are not the indices, as on real hosts.
inline driver::Inventory inventory() {
  driver::Inventory host;
  host.driver = {.kind = driver::DriverKind::dgpu, .version = "535.261.03"};
  const std::string uuids[] = {
      "GPU-12345678-0000-0000-0000-000000000001", "GPU-12340000-0000-0000-0000-000000000002",
      "GPU-abcdef00-0000-0000-0000-000000000003", "GPU-0a000000-0000-0000-0000-000000000004",
      "GPU-99990000-0000-0000-0000-000000000005"};
  for (unsigned index = 0; index < 5; ++index) {
    const unsigned minor = 4 - index;
    host.gpus.push_back({.index = index,
                         .minor = minor,
                         .uuid = uuids[index],
                         .bus_id = cat("0000:", index, "b:00.0"),
                         .model = "Tesla T4",
                         .node = gpu_node(minor)});
  }
  host.gpus[2].problem = "it fell off the bus";
  for (unsigned number = 0; number < 3; ++number) {
    host.gpus[3].mig.push_back(
        {.gpu_instance = 7 + number,
         .compute_instance = number,
         .gpu_instance_node = capability_node(30 + 2 * number),
         .compute_instance_node = capability_node(31 + 2 * number),
         .index = number,
         .uuid = cat("MIG-", number, "f000000-0000-0000-0000-000000000000")});
  }
  for (unsigned channel = 0; channel < 3; ++channel) {
    host.imex_channels.push_back({.path = cat("/dev/nvidia-caps-imex-channels/channel", channel),
                                  .major = 510,
                                  .minor = channel,
                                  .mode = 0666});
  }
  return host;
}

namespace detail {

// A number as NVIDIA's command line takes it: blanks and a plus sign may come before it.
inline std::optional<std::uint64_t> number_of(std::string_view text, int base = 10) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_number<std::uint64_t>(text, base);
}

inline std::pair<std::string_view, std::string_view> halves(std::string_view text, char at) {
  const std::size_t place = text.find(at);
  if (place == std::string_view::npos) return {text, {}};
  return {text.substr(0, place), text.substr(place + 1)};
}

// "0000:3b:00.0", with any number of zeros and digits of the domain, or without one.
inline bool is_address_of(std::string_view name, std::string_view bus_id) {
  const auto parts_of = [](std::string_view address) {
    std::vector<std::string_view> parts = split(address, ':');
    if (parts.size() == 2) parts.insert(parts.begin(), "0");
    if (parts.front().empty()) parts.front() = "0";
    return parts;
  };
  const auto left = parts_of(name);
  const auto right = parts_of(bus_id);
  // NVIDIA's command line reads three numbers, and does not look at what follows.
  if (left.size() < 3 || number_of(left[0], 16) != number_of(right[0], 16) ||
      number_of(left[1], 16) != number_of(right[1], 16)) {
    return false;
  }
  const std::string_view device = left[2].substr(0, left[2].find_first_not_of("0123456789abcdef"));
  return number_of(device, 16) == number_of(halves(right[2], '.').first, 16);
}

}  // namespace detail

// Whether `name` may mean the whole GPU.
inline bool may_mean(std::string_view name, const driver::Gpu& gpu) {
  const std::string small = lower(name);
  if (detail::number_of(small) == gpu.index) return true;
  const auto [first, last] = detail::halves(small, '-');
  const auto from = detail::number_of(first);
  const auto to = detail::number_of(last);
  if (from && to && *from <= gpu.index && gpu.index <= *to) return true;
  if (small.starts_with("gpu-")) return lower(gpu.uuid).starts_with(small);
  return detail::is_address_of(small, gpu.bus_id);
}

// Whether `name` may mean the MIG device of the GPU.
inline bool may_mean(std::string_view name, const driver::Gpu& gpu, const driver::Mig& mig) {
  const std::string small = lower(name);
  if (small.starts_with("mig-gpu-")) {
    const auto [uuid, instances] = detail::halves(std::string_view(small).substr(4), '/');
    const auto [gi, ci] = detail::halves(instances, '/');
    // The beginning of a UUID counts in a path as well.
    return lower(gpu.uuid).starts_with(uuid) && detail::number_of(gi) == mig.gpu_instance &&
           detail::number_of(ci) == mig.compute_instance;
  }
  if (small.starts_with("mig-")) return lower(mig.uuid).starts_with(small);
  const auto [first, second] = detail::halves(small, ':');
  return detail::number_of(first) == gpu.index && detail::number_of(second) == mig.index;
}

// Whether `name` may mean the IMEX channel.
inline bool may_mean_channel(std::string_view name, unsigned channel) {
  if (name.starts_with("channel")) name.remove_prefix(7);
  return name == "all" || detail::number_of(name) == channel;
}

}  // namespace nvbox::fuzz
