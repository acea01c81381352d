#include "nvidia_docker/gpus.h"

#include <algorithm>
#include <optional>

#include "base/list.h"
#include "base/text.h"
#include "plan/select.h"

namespace nvbox::applets::docker {
namespace {

// The minors of /dev/nvidiaN end at 254.
constexpr unsigned highest_index = 254;

bool is_no_gpu(std::string_view name) {
  return name.empty() || name == "none" || name == "void";
}

struct Range {
  unsigned first;
  unsigned last;
};

std::optional<Range> range_of(std::string_view name) {
  const std::vector<std::string_view> ends = split(name, '-');
  if (ends.size() != 2) return std::nullopt;
  const auto first = parse_number<unsigned>(ends[0]);
  const auto last = parse_number<unsigned>(ends[1]);
  if (!first || !last) return std::nullopt;
  return Range{*first, *last};
}

// The range as indices, any other name as it is.
Result<std::vector<std::string>> spell_out(std::string_view name) {
  const std::optional<Range> range = range_of(name);
  if (!range) return std::vector{std::string(name)};
  if (range->first > range->last) {
    return Error(cat("device ", name, ": the range runs backwards"));
  }
  if (range->last > highest_index) {
    return Error(cat("device ", name, ": indices end at ", highest_index));
  }
  std::vector<std::string> indices;
  for (unsigned index = range->first; index <= range->last; ++index) indices.push_back(cat(index));
  return indices;
}

// GPU 1's third MIG device is "1:2" to NVML and to docker.
bool is_mig_name(std::string_view name) {
  if (lower(name).starts_with("mig-")) return true;
  const std::vector<std::string_view> pair = split(name, ':');
  return pair.size() == 2 && parse_number<unsigned>(pair[0]) && parse_number<unsigned>(pair[1]);
}

// Before the driver initialised a GPU, its UUID is "GPU-????????-...": it may be the one asked for.
bool may_be_masked(const driver::Inventory& inventory, std::string_view name) {
  return lower(name).starts_with("gpu-") &&
         std::ranges::any_of(inventory.gpus,
                             [](const driver::Gpu& gpu) { return !has_known_uuid(gpu); });
}

}  // namespace

Result<GpuList> parse_gpus(std::string_view text) {
  if (text.empty()) return GpuList{};
  std::string with_commas(text);
  std::ranges::replace(with_commas, ' ', ',');
  std::vector<std::string> items;
  GpuList list;
  for (const std::string_view item : split(with_commas, ',')) {
    for (std::string& name : NVBOX_TRY(spell_out(item))) {
      if (!is_no_gpu(name)) add_once(list.names, name);
      items.push_back(std::move(name));
    }
  }
  list.value = join(items, ",");
  list.asks = list.names.empty() ? GpuList::Asks::nothing : GpuList::Asks::listed;
  if (std::ranges::find(list.names, "all") != list.names.end()) {
    list.asks = GpuList::Asks::all;
    list.names.clear();
  }
  return list;
}

bool is_checkable(const GpuList& gpus) {
  return !std::ranges::all_of(gpus.names, is_mig_name);
}

Result<GpuList> resolve_gpus(GpuList gpus, driver::Inventory inventory) {
  // A node that is missing is made by a runtime that loads the modules.
  for (driver::Gpu& gpu : inventory.gpus) {
    if (!gpu.node) gpu.node.emplace();
  }
  std::vector<std::string> names;
  for (std::string& name : gpus.names) {
    if (is_mig_name(name)) {
      add_once(names, std::move(name));
      continue;
    }
    const Result<plan::Selection> found =
        plan::select(inventory, {.ask = plan::Ask::listed, .devices = {name}});
    if (!found && !may_be_masked(inventory, name)) return found.error();
    add_once(names, found ? cat(inventory.gpus[found->gpus.front()].index) : std::move(name));
  }
  gpus.names = std::move(names);
  return gpus;
}

}  // namespace nvbox::applets::docker
