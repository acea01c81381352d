#include "plan/device_list.h"

#include <algorithm>
#include <optional>

#include "base/list.h"
#include "base/text.h"
#include "plan/device_name.h"
#include "plan/nvml_question.h"

namespace nvbox::plan {
namespace {

using driver::Gpu;
using driver::Inventory;

// The items of a list, which ends with "all".
struct Items {
  std::vector<std::string> names{};
  bool has_all = false;
};

Items items_of(std::string_view list) {
  Items out;
  for (const std::string_view item : split(list, ',')) {
    if (item.empty()) continue;
    out.has_all = lower(item) == "all";
    if (out.has_all) break;
    out.names.emplace_back(item);
  }
  return out;
}

// Three hexadecimal numbers, whatever follows the third: "0:3b:0", "00000000:3B:00.0".
std::optional<std::string> normal_address(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() < 3) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < 3; ++i) {
    std::string_view part = parts[i];
    if (i == 2) part = part.substr(0, part.find_first_not_of("0123456789abcdefABCDEF"));
    const auto number = parse_spaced_number(part, 16);
    if (!number) return std::nullopt;
    out += cat(*number, ":");
  }
  return out;
}

std::optional<size_t> find_gpu(const Inventory& inventory, std::string_view name) {
  const std::vector<Gpu>& gpus = inventory.gpus;
  const auto index = parse_spaced_number(name);
  if (index) return *index < gpus.size() ? std::optional<size_t>(*index) : std::nullopt;
  const std::string wanted = lower(name);
  const auto address = normal_address(name);
  const auto found = std::ranges::find_if(gpus, [&](const Gpu& gpu) {
    return (!gpu.uuid.empty() && lower(gpu.uuid) == wanted) ||
           (address && normal_address(gpu.bus_id) == address);
  });
  if (found == gpus.end()) return std::nullopt;
  return static_cast<size_t>(found - gpus.begin());
}

// Ranges, and names of MIG devices.
bool is_for_select(std::string_view name) {
  const DeviceName::Kind kind = parse_device_name(name).kind;
  return kind == DeviceName::Kind::index || kind == DeviceName::Kind::mig_index ||
         kind == DeviceName::Kind::mig_uuid || kind == DeviceName::Kind::mig_path;
}

// Beginnings of UUIDs, which only nvbox knows.
Result<> take_prefix(const Inventory& inventory, const std::string& name, Selection& selection) {
  const Selection found = NVBOX_TRY(select(inventory, {.ask = Ask::listed, .devices = {name}}));
  for (const size_t gpu : found.gpus) add_once(selection.gpus, gpu);
  return {};
}

Result<> take_by_select(const Inventory& inventory, const std::string& name, Selection& selection) {
  const Result<Selection> found = select(inventory, {.ask = Ask::listed, .devices = {name}});
  if (!found) {
    std::string reason = found.error().full_message();
    const std::string prefix = cat("device ", name, ": ");
    if (reason.starts_with(prefix)) reason.erase(0, prefix.size());
    return Error(cat(name, ": unknown device")).hint(reason);
  }
  for (const size_t gpu : found->gpus) add_once(selection.gpus, gpu);
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

Result<> take(const Inventory& inventory, const std::string& name, Selection& selection) {
  const auto gpu = find_gpu(inventory, name);
  if (gpu) {
    if (const auto reason = obstacle(inventory.gpus[*gpu])) return Error(cat(name, ": ", *reason));
    add_once(selection.gpus, *gpu);
    return {};
  }
  if (is_for_select(name)) return take_by_select(inventory, name, selection);
  if (take_prefix(inventory, name, selection)) return {};
  return unknown(inventory, name);
}

Selection all_of(const Inventory& inventory) {
  Selection selection;
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    if (auto reason = obstacle(gpu)) {
      selection.notes.push_back(*std::move(reason));
      continue;
    }
    selection.gpus.push_back(i);
    for (size_t j = 0; j < gpu.mig.size(); ++j) {
      auto reason = obstacle(gpu, gpu.mig[j]);
      if (!reason) selection.migs.push_back({i, j});
      if (reason) selection.notes.push_back(*std::move(reason));
    }
  }
  return selection;
}

}  // namespace

Request request_of(std::string_view list) {
  Items items = items_of(list);
  return {.ask = items.has_all ? Ask::all : Ask::listed, .devices = std::move(items.names)};
}

Result<DeviceList> select_devices(const Inventory& inventory, std::string_view list) {
  DeviceList out;
  if (inventory.gpus.empty()) return out;
  const Items items = items_of(list);
  if (auto reason = too_many(inventory, items.names)) {
    return Error(cat(inventory.gpus.size(), ": unknown device")).hint(*std::move(reason));
  }
  for (const std::string& name : items.names) {
    NVBOX_TRY(take(inventory, name, out.selection));
  }
  if (items.has_all) return DeviceList{all_of(inventory), true};
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
