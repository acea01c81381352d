#include "nvbox/plan/device_list.h"

#include <algorithm>
#include <optional>

#include "nvbox/base/text.h"
#include "nvbox/plan/nvml_question.h"
#include "plan/device_name.h"

namespace nvbox::plan {
namespace {

using driver::Gpu;
using driver::Inventory;

template <typename T>
void add_once(std::vector<T>& list, T entry) {
  if (std::ranges::find(list, entry) == list.end()) list.push_back(entry);
}

// Three hexadecimal numbers, whatever follows the third: "0:3b:0", "00000000:3B:00.0".
std::optional<std::string> normal_address(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() < 3) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < 3; ++i) {
    std::string_view part = parts[i];
    if (i == 2) part = part.substr(0, part.find_first_not_of("0123456789abcdefABCDEF"));
    const auto number = parse_number<unsigned>(part, 16);
    if (!number) return std::nullopt;
    out += cat(*number, ":");
  }
  return out;
}

std::optional<size_t> find_gpu(const Inventory& inventory, std::string_view name) {
  const std::vector<Gpu>& gpus = inventory.gpus;
  const auto index = parse_number<size_t>(name);
  if (index) return *index < gpus.size() ? index : std::nullopt;
  const std::string wanted = lower(name);
  const auto address = normal_address(name);
  const auto found = std::ranges::find_if(gpus, [&](const Gpu& gpu) {
    return (!gpu.uuid.empty() && lower(gpu.uuid) == wanted) ||
           (address && normal_address(gpu.bus_id) == address);
  });
  if (found == gpus.end()) return std::nullopt;
  return static_cast<size_t>(found - gpus.begin());
}

bool is_mig_name(std::string_view name) {
  const DeviceName::Kind kind = parse_device_name(name).kind;
  return kind == DeviceName::Kind::mig_index || kind == DeviceName::Kind::mig_uuid ||
         kind == DeviceName::Kind::mig_path;
}

std::string obstacle(const Gpu& gpu) {
  return cat("GPU ", gpu.index, " (", gpu.bus_id, ") cannot be used: ", gpu.problem.value_or(""));
}

// Names that only nvbox knows: ranges, and beginnings of UUIDs.
Result<> take_range_or_prefix(const Inventory& inventory, const std::string& name,
                              Selection& selection) {
  const Selection found = NVBOX_TRY(select(inventory, {.ask = Ask::listed, .devices = {name}}));
  for (const size_t gpu : found.gpus) add_once(selection.gpus, gpu);
  return {};
}

Result<> take_mig(const Inventory& inventory, const std::string& name, Selection& selection) {
  const Result<Selection> found = select(inventory, {.ask = Ask::listed, .devices = {name}});
  if (!found) {
    std::string reason = found.error().full_message();
    const std::string prefix = cat("device ", name, ": ");
    if (reason.starts_with(prefix)) reason.erase(0, prefix.size());
    return Error(cat(name, ": unknown device")).hint(reason);
  }
  for (const Selection::MigDevice& mig : found->migs) {
    add_once(selection.gpus, mig.gpu);
    add_once(selection.migs, mig);
  }
  return {};
}

// What the host has instead, which is what the caller wants to know next.
Error unknown(const Inventory& inventory, std::string_view name) {
  const size_t count = inventory.gpus.size();
  Error error(cat(name, ": unknown device"));
  const auto hidden = std::ranges::find_if(
      inventory.gpus, [](const Gpu& gpu) { return !has_known_uuid(gpu) && !gpu.problem; });
  if (hidden != inventory.gpus.end() && lower(name).starts_with("gpu-")) {
    return std::move(error).hint(
        cat("the driver does not tell the UUIDs of all GPUs yet, and neither does NVML: ",
            why_unknown(inventory, *hidden), "; run nvidia-smi once, or ask by index"));
  }
  return std::move(error).hint(count == 1 ? "this host has GPU 0"
                                          : cat("this host has GPUs 0-", count - 1));
}

Result<> take(const Inventory& inventory, std::string_view name, Selection& selection) {
  const auto gpu = find_gpu(inventory, name);
  if (gpu && inventory.gpus[*gpu].problem) {
    return Error(cat(name, ": ", obstacle(inventory.gpus[*gpu])));
  }
  if (gpu) {
    add_once(selection.gpus, *gpu);
    return {};
  }
  if (is_mig_name(name)) return take_mig(inventory, std::string(name), selection);
  if (take_range_or_prefix(inventory, std::string(name), selection)) return {};
  return unknown(inventory, name);
}

Selection all_of(const Inventory& inventory) {
  Selection selection;
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    if (gpu.problem) {
      selection.notes.push_back(obstacle(gpu));
      continue;
    }
    selection.gpus.push_back(i);
    for (size_t j = 0; j < gpu.mig.size(); ++j) selection.migs.push_back({i, j});
  }
  return selection;
}

}  // namespace

Result<DeviceList> select_devices(const Inventory& inventory, std::string_view list) {
  DeviceList out;
  if (inventory.gpus.empty()) return out;
  for (const std::string_view name : split(list, ',')) {
    if (name.empty()) continue;
    if (lower(name) == "all") return DeviceList{all_of(inventory), true};
    NVBOX_TRY(take(inventory, name, out.selection));
  }
  return out;
}

Result<std::vector<unsigned>> parse_imex_channels(std::string_view list) {
  constexpr unsigned highest = (1U << 20) - 1;
  std::vector<unsigned> channels;
  for (const std::string_view item : split(list, ',')) {
    if (item.empty()) continue;
    const auto channel = parse_number<unsigned>(item);
    if (!channel || *channel > highest) {
      return Error(cat("unsupported IMEX channel value: ", item));
    }
    add_once(channels, *channel);
  }
  return channels;
}

}  // namespace nvbox::plan
