#include "plan/select.h"

#include <algorithm>
#include <optional>

#include "base/list.h"
#include "base/text.h"
#include "plan/device_name.h"
#include "plan/imex_channels.h"
#include "plan/nvml_question.h"

namespace nvbox::plan {
namespace {

using driver::Gpu;
using driver::Inventory;
using driver::Mig;
using driver::Problem;

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

Result<> take_range(const Inventory& inventory, unsigned first, unsigned last,
                    Selection& selection) {
  if (first > last) return Error("the range runs backwards");
  if (last >= inventory.gpus.size()) return Error(what_there_is(inventory));
  for (size_t index = first; index <= last; ++index) {
    NVBOX_TRY(take(inventory, index, selection));
  }
  return {};
}

// Of the UUIDs of which GPUs the driver says nothing yet, if of any.
std::optional<std::string> untold_uuids(const Inventory& inventory) {
  const auto hidden = std::ranges::find_if(
      inventory.gpus, [](const Gpu& gpu) { return !has_known_uuid(gpu) && !gpu.problem; });
  if (hidden == inventory.gpus.end()) return std::nullopt;
  return cat("the driver does not tell the UUIDs of all GPUs yet, and neither does NVML: ",
             why_unknown(inventory, *hidden));
}

Result<size_t> find_by_uuid(const Inventory& inventory, const std::string& wanted) {
  std::vector<size_t> found;
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const std::string uuid = lower(inventory.gpus[i].uuid);
    if (uuid == wanted) return i;
    if (uuid.starts_with(wanted)) found.push_back(i);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return Error(cat("the UUIDs of GPUs ", found[0], " and ", found[1], " both start so"));
  }
  if (auto untold = untold_uuids(inventory)) {
    return Error(*std::move(untold))
        .hint("run nvidia-smi once or enable persistence mode, or ask by index or PCI address");
  }
  return Error(cat("no GPU has this UUID; ", what_there_is(inventory)));
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
    return Error(cat("no GPU has this PCI address; ", what_there_is(inventory)));
  }
  return static_cast<size_t>(found - inventory.gpus.begin());
}

Result<> take_mig(const Inventory& inventory, const Selection::MigDevice& device,
                  Selection& selection) {
  const Gpu& gpu = inventory.gpus[device.gpu];
  if (auto found = obstacle(gpu, gpu.mig[device.mig])) return Error(std::move(*found));
  add_once(selection.migs, device);
  return {};
}

Result<> take_mig_by_instances(const Inventory& inventory, const DeviceName& wanted,
                               Selection& selection) {
  const size_t position = NVBOX_TRY(find_by_uuid(inventory, wanted.uuid));
  const Gpu& gpu = inventory.gpus[position];
  for (size_t i = 0; i < gpu.mig.size(); ++i) {
    const Mig& mig = gpu.mig[i];
    if (mig.gpu_instance != wanted.gpu_instance ||
        mig.compute_instance != wanted.compute_instance) {
      continue;
    }
    return take_mig(inventory, {position, i}, selection);
  }
  return Error(cat(describe(gpu), " has no such MIG device; it has ", gpu.mig.size()));
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

Result<> take_mig_by_index(const Inventory& inventory, const DeviceName& wanted,
                           Selection& selection) {
  if (wanted.first >= inventory.gpus.size()) return Error(what_there_is(inventory));
  const Gpu& gpu = inventory.gpus[wanted.first];
  if (auto found = obstacle(gpu)) return Error(std::move(*found));
  if (gpu.mig.empty()) {
    return Error(cat(describe(gpu), " has no MIG devices"));
  }
  for (size_t i = 0; i < gpu.mig.size(); ++i) {
    if (gpu.mig[i].index != wanted.last) continue;
    return take_mig(inventory, {wanted.first, i}, selection);
  }
  if (std::ranges::any_of(gpu.mig, [](const Mig& mig) { return !mig.index; })) {
    return Error(cat("only NVML numbers the MIG devices of ", describe(gpu),
                     ", and it does not: ", why_unknown(inventory, gpu)));
  }
  return Error(cat(describe(gpu), " has no such MIG device; ", numbers_of(gpu)));
}

Result<> take_mig_by_uuid(const Inventory& inventory, const DeviceName& wanted,
                          Selection& selection) {
  std::vector<Selection::MigDevice> found;
  const Gpu* untold = nullptr;
  size_t count = 0;
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    count += gpu.mig.size();
    for (size_t j = 0; j < gpu.mig.size(); ++j) {
      const std::string uuid = lower(gpu.mig[j].uuid);
      if (uuid == wanted.uuid) return take_mig(inventory, {i, j}, selection);
      if (uuid.starts_with(wanted.uuid)) found.push_back({i, j});
      if (uuid.empty() && untold == nullptr) untold = &gpu;
    }
  }
  if (found.size() == 1) return take_mig(inventory, found.front(), selection);
  if (found.size() > 1) {
    return Error(cat("the UUIDs of ", found.size(), " MIG devices start so"));
  }
  if (untold != nullptr) {
    return Error(cat("only NVML knows the UUIDs of the MIG devices of ", describe(*untold),
                     ", and it does not tell: ", why_unknown(inventory, *untold)));
  }
  return Error(cat("no MIG device has this UUID; this host has ", count));
}

// Errors say why the name means nothing here, without naming it.
Result<> take_meant(const Inventory& inventory, const std::string& name, const DeviceName& wanted,
                    Selection& selection) {
  switch (wanted.kind) {
    case DeviceName::Kind::index:
      return take_range(inventory, wanted.first, wanted.last, selection);
    case DeviceName::Kind::gpu_uuid:
      return take(inventory, NVBOX_TRY(find_by_uuid(inventory, wanted.uuid)), selection);
    case DeviceName::Kind::address:
      return take(inventory, NVBOX_TRY(find_by_address(inventory, name)), selection);
    case DeviceName::Kind::mig_index:
      return take_mig_by_index(inventory, wanted, selection);
    case DeviceName::Kind::mig_uuid:
      return take_mig_by_uuid(inventory, wanted, selection);
    case DeviceName::Kind::mig_path:
      return take_mig_by_instances(inventory, wanted, selection);
    case DeviceName::Kind::unknown:
      break;
  }
  return Error(cat("not an index, a UUID or a PCI address; ", what_there_is(inventory)));
}

Result<> take_variable(const Inventory& inventory, const std::string& name, Selection& selection) {
  const DeviceName wanted = parse_device_name(name);
  const bool is_name = wanted.kind != DeviceName::Kind::unknown;
  return take_meant(inventory, name, wanted, selection)
      .in(cat("device ", is_name ? name : quote(name)));
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

// The GPU that nvidia-container-cli means by the name.
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

// What the host has instead, which is what the caller wants to know next.
std::string advice_for(const Inventory& inventory, std::string_view name) {
  if (lower(name).starts_with("gpu-")) {
    if (const auto untold = untold_uuids(inventory)) {
      return cat(*untold, "; run nvidia-smi once, or ask by index");
    }
  }
  return what_there_is(inventory);
}

Result<> take_command_line(const Inventory& inventory, const std::string& name,
                           Selection& selection) {
  if (const auto gpu = find_gpu(inventory, name)) {
    return take(inventory, *gpu, selection).in(name);
  }
  const DeviceName wanted = parse_device_name(name);
  Selection meant;
  const Result<> taken = take_meant(inventory, name, wanted, meant);
  if (!taken) {
    const bool is_gpu = wanted.kind == DeviceName::Kind::gpu_uuid ||
                        wanted.kind == DeviceName::Kind::address ||
                        wanted.kind == DeviceName::Kind::unknown;
    return Error(cat(name, ": unknown device"))
        .hint(is_gpu ? advice_for(inventory, name) : taken.error().full_message());
  }
  for (const size_t gpu : meant.gpus) add_once(selection.gpus, gpu);
  for (const Selection::MigDevice& mig : meant.migs) {
    add_once(selection.gpus, mig.gpu);
    add_once(selection.migs, mig);
  }
  return {};
}

Result<> take_listed(const Inventory& inventory, const Request& request, Selection& selection) {
  const auto take_named = request.grammar == Grammar::variable ? take_variable : take_command_line;
  for (const std::string& name : request.devices) {
    auto taken = take_named(inventory, name, selection);
    if (taken) continue;
    if (!request.leave_out_unknown) return taken;
    selection.notes.push_back({taken.error().full_message()});
  }
  return {};
}

// The part of a DGX Station that drives its screen is a GPU to the driver, and none for computing.
bool is_for_display_only(const Gpu& gpu) {
  return gpu.model == "DGX Display" || gpu.model == "NVIDIA DGX Display";
}

// The GPU if it can be used, else a note.
bool take_or_note(const Gpu& gpu, size_t position, Selection& selection) {
  auto found = obstacle(gpu);
  if (!found) selection.gpus.push_back(position);
  if (found) selection.notes.push_back({std::move(*found), Problem::Kind::gpu});
  return !found;
}

void take_migs(const Gpu& gpu, size_t position, Selection& selection) {
  const bool is_broken = obstacle(gpu).has_value();
  for (size_t i = 0; i < gpu.mig.size(); ++i) {
    auto found = obstacle(gpu, gpu.mig[i]);
    if (!found) selection.migs.push_back({position, i});
    if (!found) continue;
    selection.notes.push_back(
        {std::move(*found), is_broken ? Problem::Kind::gpu : Problem::Kind::mig_device});
  }
}

void take_all_by_variable(const Inventory& inventory, Selection& selection) {
  const std::vector<Gpu>& gpus = inventory.gpus;
  for (size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i].mig.empty() && !is_for_display_only(gpus[i])) take_or_note(gpus[i], i, selection);
  }
  for (size_t i = 0; i < gpus.size(); ++i) take_migs(gpus[i], i, selection);
}

void take_all_by_command_line(const Inventory& inventory, Selection& selection) {
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    const Gpu& gpu = inventory.gpus[i];
    if (take_or_note(gpu, i, selection)) take_migs(gpu, i, selection);
  }
}

// What is asked for by "all", or with leave to leave out, has to come to something.
Result<> check_some(const Request& request, const Selection& selection) {
  if (!selection.gpus.empty() || !selection.migs.empty()) return {};
  if (!selection.notes.empty()) {
    return Error(cat("none of the devices can be used: ", selection.notes.front().text));
  }
  if (request.ask != Ask::all) return {};
  return Error("all devices are asked for, and this host has none");
}

Result<Selection> select_by_variable(const Inventory& inventory, const Request& request) {
  Selection selection;
  if (request.ask == Ask::all) {
    take_all_by_variable(inventory, selection);
    NVBOX_TRY(check_some(request, selection));
  }
  if (!request.leave_out_unknown) {
    if (auto reason = too_many(inventory, request.devices)) return Error(*std::move(reason));
  }
  NVBOX_TRY(take_listed(inventory, request, selection));
  NVBOX_TRY(check_some(request, selection));
  for (const std::string& channel : request.imex_channels) {
    for (const size_t position : NVBOX_TRY(find_imex_channels(inventory, channel))) {
      add_once(selection.imex_channels, position);
    }
  }
  return selection;
}

Result<Selection> select_by_command_line(const Inventory& inventory, const Request& request) {
  if (inventory.gpus.empty()) return Selection();
  if (auto reason = too_many(inventory, request.devices)) {
    return Error(cat(inventory.gpus.size(), ": unknown device")).hint(*std::move(reason));
  }
  Selection selection;
  NVBOX_TRY(take_listed(inventory, request, selection));
  if (request.ask != Ask::all) return selection;
  selection = {};
  take_all_by_command_line(inventory, selection);
  return selection;
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
  if (has_its_nodes(mig)) return std::nullopt;
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

namespace {

// Nobody but Windows can tell its GPUs apart: whatever is named is all of them, as with the peer.
// No GPU is none, though.
Selection select_of_windows(const Inventory& inventory, const Request& request) {
  Selection selection;
  const bool is_asked = request.ask == Ask::all || !request.devices.empty();
  if (is_asked && !inventory.gpus.empty()) selection.gpus.push_back(0);
  return selection;
}

}  // namespace

Result<Selection> select(const Inventory& inventory, const Request& request) {
  if (inventory.driver.kind == driver::DriverKind::wsl) {
    return select_of_windows(inventory, request);
  }
  if (request.grammar == Grammar::variable) return select_by_variable(inventory, request);
  return select_by_command_line(inventory, request).in("device error");
}

}  // namespace nvbox::plan
