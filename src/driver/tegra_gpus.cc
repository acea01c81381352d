#include "driver/tegra_gpus.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "driver/device_nodes.h"
#include "driver/gpus.h"
#include "driver/platform.h"
#include "driver/tegra_paths.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view control_paths[] = {"/dev/nvidia-modeset", "/dev/nvidia-uvm",
                                              "/dev/nvidia-uvm-tools", "/dev/nvidiactl"};

// The number of /dev/nvidiaN.
std::optional<unsigned> gpu_number(std::string_view path) {
  constexpr std::string_view prefix = "/dev/nvidia";
  if (!path.starts_with(prefix)) return std::nullopt;
  return parse_number<unsigned>(path.substr(prefix.size()));
}

bool is_control(std::string_view path) {
  return std::ranges::find(control_paths, path) != std::end(control_paths);
}

// The character devices of the entries, each once. Most boards have half of them.
std::vector<HostDevice> nodes_of(const Context& context, const std::vector<CsvFile>& files) {
  std::vector<HostDevice> nodes;
  Count failed;
  PatternPaths paths(context.roots.dev, failed);
  for (const CsvFile& file : files) {
    for (const CsvEntry& entry : file.list.entries) {
      if (entry.kind != CsvKind::device) continue;
      for (const std::string& path : paths.of(entry.path)) {
        const auto node = failed.or_count(context.roots.dev.device(path));
        if (!node || node->type != 'c') continue;
        if (std::ranges::find(nodes, path, &HostDevice::path) != nodes.end()) continue;
        nodes.push_back({path, node->major, node->minor, node->mode, node->gid});
      }
    }
  }
  if (failed.number > 0) {
    context.problem(cat(
        failed.number,
        " device nodes that the CSV files name cannot be looked at: ", printable(failed.first)));
  }
  return nodes;
}

size_t count_devices(const std::vector<CsvFile>& files) {
  size_t count = 0;
  for (const CsvFile& file : files) {
    count += static_cast<size_t>(
        std::ranges::count(file.list.entries, CsvKind::device, &CsvEntry::kind));
  }
  return count;
}

// What drives a screen of the same chip is no card, and what is not on the bus neither.
bool is_card(const Context& context, const Gpu& gpu) {
  if (is_integrated(gpu.model) || gpu.model.ends_with("DGX Display")) return false;
  return context.or_problem(context.roots.host.stat(cat("/sys/bus/pci/devices/", gpu.bus_id)))
      .has_value();
}

// The minor of a GPU that could not be read is not known.
bool is_node_of(const std::vector<Gpu>& gpus, const HostDevice& node) {
  const auto number = gpu_number(node.path);
  return number && std::ranges::any_of(gpus, [&](const Gpu& gpu) {
           return !gpu.model.empty() && gpu.minor == *number;
         });
}

// As the driver lists it, or one that only nvgpu knows.
Gpu integrated_of(std::vector<Gpu>& listed, std::string_view model) {
  const auto found =
      std::ranges::find_if(listed, [](const Gpu& gpu) { return is_integrated(gpu.model); });
  Gpu gpu = found == listed.end() ? Gpu{.model = std::string(model)} : std::move(*found);
  gpu.index = 0;
  gpu.drm_nodes.clear();
  gpu.drm_links.clear();
  gpu.mig.clear();
  return gpu;
}

void give_nodes(std::vector<HostDevice> nodes, size_t named, Gpu& gpu) {
  gpu.node.reset();
  if (nodes.empty()) {
    gpu.problem = cat("none of the ", named, " device nodes that the CSV files name exists");
    return;
  }
  const auto own = std::ranges::find(nodes, cat("/dev/nvidia", gpu.minor), &HostDevice::path);
  const auto first = own == nodes.end() ? nodes.begin() : own;
  gpu.node = std::move(*first);
  nodes.erase(first);
  gpu.more_nodes = std::move(nodes);
}

// The peer's edits for a card: the driver's control nodes, and what of the files is no GPU's.
void complete_card(const Context& context, const std::vector<HostDevice>& nodes, Gpu& card) {
  for (const std::string_view path : control_paths) {
    if (auto node = find_node(context, std::string(path))) {
      card.more_nodes.push_back(*std::move(node));
    }
  }
  std::ranges::copy_if(nodes, std::back_inserter(card.more_nodes), [](const HostDevice& node) {
    return !gpu_number(node.path) && !is_control(node.path);
  });
}

// Beside cards the integrated GPU has what is no card's.
std::vector<HostDevice> without_cards(const Context& context, const std::vector<Gpu>& cards,
                                      std::vector<HostDevice> nodes) {
  for (HostDevice& node : nodes_like(context, "/dev/nvidia*")) {
    const bool is_known = std::ranges::find(nodes, node.path, &HostDevice::path) != nodes.end();
    if (gpu_number(node.path) && !is_known) nodes.push_back(std::move(node));
  }
  std::erase_if(nodes, [&](const HostDevice& node) { return is_node_of(cards, node); });
  return nodes;
}

}  // namespace

std::vector<Gpu> find_tegra_gpus(const Context& context, const std::vector<CsvFile>& files,
                                 std::string_view model) {
  std::vector<HostDevice> nodes = nodes_of(context, files);
  std::vector<Gpu> listed = find_gpus(context);
  std::vector<Gpu> cards;
  if (!context.search.csv.one_gpu) {
    std::ranges::copy_if(listed, std::back_inserter(cards),
                         [&](const Gpu& gpu) { return is_card(context, gpu); });
  }
  Gpu integrated = integrated_of(listed, model);
  for (Gpu& card : cards) complete_card(context, nodes, card);
  if (!cards.empty()) nodes = without_cards(context, cards, std::move(nodes));
  give_nodes(std::move(nodes), count_devices(files), integrated);
  std::vector<Gpu> gpus = {std::move(integrated)};
  for (Gpu& card : cards) {
    card.index = static_cast<unsigned>(gpus.size());
    gpus.push_back(std::move(card));
  }
  return gpus;
}

}  // namespace nvbox::driver
