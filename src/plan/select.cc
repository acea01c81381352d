#include "nvbox/plan/select.h"

#include <algorithm>
#include <optional>

#include "nvbox/base/text.h"

namespace nvbox::plan {
namespace {

using driver::Gpu;
using driver::Inventory;
using driver::Mig;

template <typename T>
void add_once(std::vector<T>& list, T entry) {
  if (std::ranges::find(list, entry) == list.end()) list.push_back(entry);
}

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

// Why the GPU cannot be given to a container, if so.
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
  if (mig.gpu_instance_node && mig.compute_instance_node) return std::nullopt;
  return cat("MIG device ", gpu.index, " ", mig.gpu_instance, "/", mig.compute_instance,
             " cannot be used: its nodes below /dev/nvidia-caps do not exist; run nvidia-smi once");
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

// A UUID that the driver does not tell before it initialised the GPU.
bool has_masked_uuid(const Gpu& gpu) {
  return gpu.uuid.contains('?');
}

Result<size_t> find_by_uuid(const Inventory& inventory, std::string_view name) {
  const std::string wanted = lower(name);
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
  if (std::ranges::any_of(inventory.gpus, has_masked_uuid)) {
    return Error(cat("device ", name, ": the driver does not tell the UUIDs of all GPUs yet"))
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

bool is_address(std::string_view name) {
  constexpr std::string_view allowed = "0123456789abcdefABCDEF:.";
  return name.contains('.') && name.contains(':') &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

Result<size_t> find_by_address(const Inventory& inventory, std::string_view name) {
  const auto found = std::ranges::find(inventory.gpus, short_address(name),
                                       [](const Gpu& gpu) { return short_address(gpu.bus_id); });
  if (found == inventory.gpus.end()) {
    return Error(cat("device ", name, ": no GPU has this PCI address; ", what_there_is(inventory)));
  }
  return static_cast<size_t>(found - inventory.gpus.begin());
}

// What NVML's numbering of MIG devices needs is not in /proc, so it is not guessed.
Error unsupported_mig_name(std::string_view name) {
  return Error(cat("device ", name, ": MIG devices are known by their instances only"))
      .hint(
          "write MIG-GPU-<uuid of the GPU>/<GPU instance>/<compute instance>, as in "
          "/proc/driver/nvidia/capabilities");
}

// MIG-GPU-<uuid>/<gi>/<ci>
Result<> take_mig(const Inventory& inventory, std::string_view name, Selection& selection) {
  const std::vector<std::string_view> parts = split(name.substr(4), '/');
  if (parts.size() != 3) return unsupported_mig_name(name);
  const auto gpu_instance = parse_number<unsigned>(parts[1]);
  const auto compute_instance = parse_number<unsigned>(parts[2]);
  if (!gpu_instance || !compute_instance) return unsupported_mig_name(name);
  const size_t position = NVBOX_TRY(find_by_uuid(inventory, parts[0]).in(cat("device ", name)));
  const Gpu& gpu = inventory.gpus[position];
  for (size_t i = 0; i < gpu.mig.size(); ++i) {
    const Mig& mig = gpu.mig[i];
    if (mig.gpu_instance != *gpu_instance || mig.compute_instance != *compute_instance) continue;
    if (auto found = obstacle(gpu, mig)) return Error(cat("device ", name, ": ", *found));
    add_once(selection.migs, Selection::MigDevice{position, i});
    return {};
  }
  return Error(cat("device ", name, ": ", describe(gpu), " has no such MIG device; it has ",
                   gpu.mig.size()));
}

Result<> take_named(const Inventory& inventory, std::string_view name, Selection& selection) {
  if (const auto index = parse_number<unsigned>(name)) {
    return take_range(inventory, name, *index, *index, selection);
  }
  const std::string small = lower(name);
  if (small.starts_with("gpu-")) {
    return take(inventory, NVBOX_TRY(find_by_uuid(inventory, name)), selection);
  }
  if (small.starts_with("mig-gpu-")) return take_mig(inventory, name, selection);
  if (small.starts_with("mig-")) return unsupported_mig_name(name);
  if (is_address(name)) {
    return take(inventory, NVBOX_TRY(find_by_address(inventory, name)), selection);
  }
  const std::vector<std::string_view> ends = split(name, '-');
  if (ends.size() == 2) {
    const auto first = parse_number<unsigned>(ends[0]);
    const auto last = parse_number<unsigned>(ends[1]);
    if (first && last) return take_range(inventory, name, *first, *last, selection);
  }
  const std::vector<std::string_view> pair = split(name, ':');
  if (pair.size() == 2 && parse_number<unsigned>(pair[0]) && parse_number<unsigned>(pair[1])) {
    return unsupported_mig_name(name);
  }
  return Error(cat("device ", quote(name), ": not an index, a UUID or a PCI address; ",
                   what_there_is(inventory)));
}

void take_all(const Inventory& inventory, Selection& selection) {
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    if (!gpu.mig.empty()) continue;
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

// "all", N or channelN.
Result<> take_channel(const Inventory& inventory, std::string_view name, Selection& selection) {
  constexpr unsigned highest = 1048575;
  std::string_view number = name;
  if (number.starts_with("channel")) number.remove_prefix(7);
  const auto channel = parse_number<unsigned>(number);
  if (number != "all" && (!channel || *channel > highest)) {
    return Error(cat("IMEX channel ", quote(name), ": expected a number from 0 to ", highest));
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

std::vector<size_t> gpus_of(const Selection& selection) {
  std::vector<size_t> gpus = selection.gpus;
  for (const Selection::MigDevice& mig : selection.migs) add_once(gpus, mig.gpu);
  return gpus;
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
  for (const std::string& name : request.devices) {
    NVBOX_TRY(take_named(inventory, name, selection));
  }
  for (const std::string& channel : request.imex_channels) {
    NVBOX_TRY(take_channel(inventory, channel, selection));
  }
  return selection;
}

}  // namespace nvbox::plan
