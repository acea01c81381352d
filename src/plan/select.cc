#include "plan/select.h"

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
using driver::Mig;

// "this host has GPUs 0-7", "this host has GPU 0", "this host has no GPUs".
std::string what_there_is(const Inventory& inventory) {
  const size_t count = inventory.gpus.size();
  if (count == 0) return "this host has no GPUs";
  if (count == 1) return "this host has GPU 0";
  return cat("this host has GPUs 0-", count - 1);
}

std::string describe(const Gpu& gpu) {
  return gpu.bus_id.empty() ? cat("GPU ", gpu.index)
                            : cat("GPU ", gpu.index, " (", gpu.bus_id, ")");
}

Result<> take(const Inventory& inventory, size_t position, Selection& selection) {
  if (auto found = obstacle(inventory.gpus[position])) return Error(std::move(*found));
  add_once(selection.gpus, position);
  return {};
}

Error unknown(const Inventory& inventory, std::string_view name) {
  return Error(cat("device ", name, ": ", what_there_is(inventory)));
}

Result<> take_range(const Inventory& inventory, std::string_view name, unsigned first,
                    unsigned last, Selection& selection) {
  if (first > last) return Error(cat("device ", name, ": the range runs backwards"));
  if (last >= inventory.gpus.size()) return unknown(inventory, name);
  for (size_t index = first; index <= last; ++index) {
    NVBOX_TRY(take(inventory, index, selection).in(cat("device ", name)));
  }
  return {};
}

bool hides_uuid(const Gpu& gpu) {
  return !has_known_uuid(gpu) && !gpu.problem;
}

Result<size_t> find_by_uuid(const Inventory& inventory, std::string_view name,
                            const std::string& wanted) {
  std::vector<size_t> found;
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const std::string uuid = lower(inventory.gpus[i].uuid);
    if (uuid == wanted) return i;
    if (uuid.starts_with(wanted)) found.push_back(i);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return Error(cat("device ", name, ": the UUIDs of GPUs ", found[0], " and ", found[1],
                     " both start so"));
  }
  const auto masked = std::ranges::find_if(inventory.gpus, hides_uuid);
  if (masked != inventory.gpus.end()) {
    return Error(cat("device ", name,
                     ": the driver does not tell the UUIDs of all GPUs yet, and "
                     "neither does NVML: ",
                     why_unknown(inventory, *masked)))
        .hint("run nvidia-smi once or enable persistence mode, or ask by index or PCI address");
  }
  return Error(cat("device ", name, ": no GPU has this UUID; ", what_there_is(inventory)));
}

// "3b:00.0", "0000:3b:00.0" and "00000000:3B:00.0" are one address: the domain without leading
// zeros, and the rest as it is.
std::string short_address(std::string_view text) {
  std::string address = lower(text);
  if (std::ranges::count(address, ':') == 1) return cat(":", address);
  address.erase(0, std::min(address.find_first_not_of('0'), address.find(':')));
  return address;
}

Result<size_t> find_by_address(const Inventory& inventory, std::string_view name) {
  const auto found = std::ranges::find(inventory.gpus, short_address(name),
                                       [](const Gpu& gpu) { return short_address(gpu.bus_id); });
  if (found == inventory.gpus.end()) {
    return Error(cat("device ", name, ": no GPU has this PCI address; ", what_there_is(inventory)));
  }
  return static_cast<size_t>(found - inventory.gpus.begin());
}

Result<> take_mig(const Inventory& inventory, std::string_view name,
                  const Selection::MigDevice& device, Selection& selection) {
  const Gpu& gpu = inventory.gpus[device.gpu];
  if (auto found = obstacle(gpu, gpu.mig[device.mig])) {
    return Error(cat("device ", name, ": ", *found));
  }
  add_once(selection.migs, device);
  return {};
}

Result<> take_mig_by_instances(const Inventory& inventory, std::string_view name,
                               const DeviceName& wanted, Selection& selection) {
  const size_t position = NVBOX_TRY(find_by_uuid(inventory, name, wanted.uuid));
  const Gpu& gpu = inventory.gpus[position];
  for (size_t i = 0; i < gpu.mig.size(); ++i) {
    const Mig& mig = gpu.mig[i];
    if (mig.gpu_instance != wanted.gpu_instance ||
        mig.compute_instance != wanted.compute_instance) {
      continue;
    }
    return take_mig(inventory, name, {position, i}, selection);
  }
  return Error(cat("device ", name, ": ", describe(gpu), " has no such MIG device; it has ",
                   gpu.mig.size()));
}

// "it has 0, 1 and 3"; numbers have gaps where instances were destroyed.
std::string numbers_of(const Gpu& gpu) {
  std::vector<unsigned> numbers;
  for (const Mig& mig : gpu.mig) numbers.push_back(mig.index.value_or(0));
  std::ranges::sort(numbers);
  std::string text = "it has";
  for (size_t i = 0; i < numbers.size(); ++i) {
    const bool is_last = i > 0 && i + 1 == numbers.size();
    text += cat(is_last ? " and " : i > 0 ? ", " : " ", numbers[i]);
  }
  return text;
}

Result<> take_mig_by_index(const Inventory& inventory, std::string_view name,
                           const DeviceName& wanted, Selection& selection) {
  if (wanted.first >= inventory.gpus.size()) return unknown(inventory, name);
  const Gpu& gpu = inventory.gpus[wanted.first];
  if (auto found = obstacle(gpu)) return Error(cat("device ", name, ": ", *found));
  if (gpu.mig.empty()) {
    return Error(cat("device ", name, ": ", describe(gpu), " has no MIG devices"));
  }
  for (size_t i = 0; i < gpu.mig.size(); ++i) {
    if (gpu.mig[i].index != wanted.last) continue;
    return take_mig(inventory, name, {wanted.first, i}, selection);
  }
  if (std::ranges::any_of(gpu.mig, [](const Mig& mig) { return !mig.index; })) {
    return Error(cat("device ", name, ": only NVML numbers the MIG devices of ", describe(gpu),
                     ", and it does not: ", why_unknown(inventory, gpu)));
  }
  return Error(
      cat("device ", name, ": ", describe(gpu), " has no such MIG device; ", numbers_of(gpu)));
}

Result<> take_mig_by_uuid(const Inventory& inventory, std::string_view name,
                          const DeviceName& wanted, Selection& selection) {
  std::vector<Selection::MigDevice> found;
  const Gpu* untold = nullptr;
  size_t count = 0;
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    count += gpu.mig.size();
    for (size_t j = 0; j < gpu.mig.size(); ++j) {
      const std::string uuid = lower(gpu.mig[j].uuid);
      if (uuid == wanted.uuid) return take_mig(inventory, name, {i, j}, selection);
      if (uuid.starts_with(wanted.uuid)) found.push_back({i, j});
      if (uuid.empty() && untold == nullptr) untold = &gpu;
    }
  }
  if (found.size() == 1) return take_mig(inventory, name, found.front(), selection);
  if (found.size() > 1) {
    return Error(cat("device ", name, ": the UUIDs of ", found.size(), " MIG devices start so"));
  }
  if (untold != nullptr) {
    return Error(cat("device ", name, ": only NVML knows the UUIDs of the MIG devices of ",
                     describe(*untold),
                     ", and it does not tell: ", why_unknown(inventory, *untold)));
  }
  return Error(cat("device ", name, ": no MIG device has this UUID; this host has ", count));
}

Result<> take_named(const Inventory& inventory, std::string_view name, Selection& selection) {
  const DeviceName wanted = parse_device_name(name);
  switch (wanted.kind) {
    case DeviceName::Kind::index:
      return take_range(inventory, name, wanted.first, wanted.last, selection);
    case DeviceName::Kind::gpu_uuid:
      return take(inventory, NVBOX_TRY(find_by_uuid(inventory, name, wanted.uuid)), selection);
    case DeviceName::Kind::address:
      return take(inventory, NVBOX_TRY(find_by_address(inventory, name)), selection);
    case DeviceName::Kind::mig_index:
      return take_mig_by_index(inventory, name, wanted, selection);
    case DeviceName::Kind::mig_uuid:
      return take_mig_by_uuid(inventory, name, wanted, selection);
    case DeviceName::Kind::mig_path:
      return take_mig_by_instances(inventory, name, wanted, selection);
    case DeviceName::Kind::unknown:
      break;
  }
  return Error(cat("device ", quote(name), ": not an index, a UUID or a PCI address; ",
                   what_there_is(inventory)));
}

Result<> take_listed(const Inventory& inventory, const Request& request, Selection& selection) {
  for (const std::string& name : request.devices) {
    auto taken = take_named(inventory, name, selection);
    if (taken) continue;
    if (!request.leave_out_unknown) return taken;
    selection.notes.push_back(taken.error().full_message());
  }
  if (request.devices.empty() || !selection.gpus.empty() || !selection.migs.empty()) return {};
  return Error(cat("none of the devices can be used: ", selection.notes.front()));
}

// The part of a DGX Station that drives its screen is a GPU to the driver, and none for computing.
bool is_for_display_only(const Gpu& gpu) {
  return gpu.model == "DGX Display" || gpu.model == "NVIDIA DGX Display";
}

void take_all(const Inventory& inventory, Selection& selection) {
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    if (!gpu.mig.empty() || is_for_display_only(gpu)) continue;
    auto found = obstacle(gpu);
    if (!found) selection.gpus.push_back(i);
    if (found) selection.notes.push_back(std::move(*found));
  }
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    for (size_t j = 0; j < gpu.mig.size(); ++j) {
      auto found = obstacle(gpu, gpu.mig[j]);
      if (!found) selection.migs.push_back({i, j});
      if (found) selection.notes.push_back(std::move(*found));
    }
  }
}

constexpr unsigned highest_channel = 1048575;

// "3" and "all" of "channel3" and "channelall".
std::string_view channel_word(std::string_view name) {
  constexpr std::string_view prefix = "channel";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::optional<unsigned> channel_number(std::string_view name) {
  const auto number = parse_number<unsigned>(channel_word(name));
  return number && *number <= highest_channel ? number : std::nullopt;
}

// "all", N or channelN.
Result<> take_channel(const Inventory& inventory, std::string_view name, Selection& selection) {
  const std::string_view number = channel_word(name);
  const auto channel = channel_number(name);
  if (number != "all" && !channel) {
    return Error(
        cat("IMEX channel ", quote(name), ": expected a number from 0 to ", highest_channel));
  }
  bool found = number == "all";
  for (size_t i = 0; i < inventory.imex_channels.size(); ++i) {
    if (number != "all" && inventory.imex_channels[i].minor != *channel) continue;
    add_once(selection.imex_channels, i);
    found = true;
  }
  if (found) return {};
  return Error(cat("IMEX channel ", *channel, ": /dev/nvidia-caps-imex-channels/channel", *channel,
                   " does not exist"));
}

}  // namespace

std::optional<std::string> obstacle(const Gpu& gpu) {
  if (gpu.problem) return cat(describe(gpu), " cannot be used: ", *gpu.problem);
  if (!gpu.node) {
    return cat(describe(gpu), " cannot be used: /dev/nvidia", gpu.minor,
               " does not exist; create it with 'nvidia-modprobe -c ", gpu.minor,
               "' or start nvidia-persistenced");
  }
  return std::nullopt;
}

std::optional<std::string> obstacle(const Gpu& gpu, const Mig& mig) {
  if (auto found = obstacle(gpu)) return found;
  if (mig.is_guarded_by_files) return std::nullopt;
  if (mig.gpu_instance_node && mig.compute_instance_node) return std::nullopt;
  return cat("MIG device ", gpu.index, " ", mig.gpu_instance, "/", mig.compute_instance,
             " cannot be used: its nodes below /dev/nvidia-caps do not exist; run nvidia-smi once");
}

std::optional<std::string> too_many(const Inventory& inventory,
                                    std::span<const std::string> names) {
  const size_t count = inventory.gpus.size();
  if (names.size() < 2 || names.size() <= count) return std::nullopt;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != cat(i)) return std::nullopt;
  }
  return cat(names.size(), " GPUs are asked for (0 to ", names.size() - 1, "), and this host has ",
             count == 0 ? "none" : cat(count));
}

std::vector<size_t> gpus_of(const Selection& selection) {
  std::vector<size_t> gpus = selection.gpus;
  for (const Selection::MigDevice& mig : selection.migs) add_once(gpus, mig.gpu);
  return gpus;
}

std::vector<unsigned> imex_channel_numbers(const Request& request) {
  std::vector<unsigned> numbers;
  for (const std::string& name : request.imex_channels) {
    if (const auto number = channel_number(name)) numbers.push_back(*number);
  }
  return numbers;
}

Result<Selection> select(const Inventory& inventory, const Request& request) {
  Selection selection;
  if (request.ask == Ask::all) {
    take_all(inventory, selection);
    if (selection.gpus.empty() && selection.migs.empty()) {
      return Error(selection.notes.empty()
                       ? "all devices are asked for, and this host has none"
                       : cat("none of the devices can be used: ", selection.notes.front()));
    }
  }
  if (!request.leave_out_unknown) {
    if (auto reason = too_many(inventory, request.devices)) return Error(*std::move(reason));
  }
  NVBOX_TRY(take_listed(inventory, request, selection));
  for (const std::string& channel : request.imex_channels) {
    NVBOX_TRY(take_channel(inventory, channel, selection));
  }
  return selection;
}

}  // namespace nvbox::plan
