#include "plan/imex_channels.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/list.h"
#include "base/text.h"

namespace nvbox::plan {
namespace {

constexpr unsigned highest_channel = (1U << 20) - 1;

// "3" and "all" of "channel3" and "channelall".
std::string_view channel_word(std::string_view name) {
  constexpr std::string_view prefix = "channel";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::optional<unsigned> channel_number(std::string_view word) {
  const auto number = parse_number<unsigned>(word);
  return number && *number <= highest_channel ? number : std::nullopt;
}

}  // namespace

Result<std::vector<unsigned>> parse_imex_channels(std::string_view list) {
  std::vector<unsigned> channels;
  for (const std::string_view item : split(list, ',')) {
    if (item.empty()) continue;
    const auto channel = channel_number(item);
    if (!channel) return Error(cat("unsupported IMEX channel value: ", item));
    add_once(channels, *channel);
  }
  return channels;
}

std::vector<unsigned> imex_channel_numbers(const Request& request) {
  std::vector<unsigned> numbers;
  for (const std::string& name : request.imex_channels) {
    if (const auto number = channel_number(channel_word(name))) numbers.push_back(*number);
  }
  return numbers;
}

Result<std::vector<size_t>> find_imex_channels(const driver::Inventory& inventory,
                                               std::string_view name) {
  const bool is_all = channel_word(name) == "all";
  const auto channel = channel_number(channel_word(name));
  if (!is_all && !channel) {
    return Error(
        cat("IMEX channel ", quote(name), ": expected a number from 0 to ", highest_channel));
  }
  std::vector<size_t> found;
  for (size_t i = 0; i < inventory.imex_channels.size(); ++i) {
    if (is_all || inventory.imex_channels[i].minor == *channel) found.push_back(i);
  }
  if (is_all || !found.empty()) return found;
  return Error(cat("IMEX channel ", *channel, ": /dev/nvidia-caps-imex-channels/channel", *channel,
                   " does not exist"));
}

std::vector<unsigned> missing_channels(const driver::Inventory& inventory,
                                       const std::vector<unsigned>& channels) {
  std::vector<unsigned> missing = channels;
  std::erase_if(missing, [&](unsigned channel) {
    const auto& there = inventory.imex_channels;
    return std::ranges::find(there, channel, &driver::HostDevice::minor) != there.end();
  });
  return missing;
}

}  // namespace nvbox::plan
