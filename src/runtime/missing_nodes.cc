#include "runtime/missing_nodes.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/make_capability_nodes.h"
#include "base/path.h"
#include "driver/expected_nodes.h"
#include "plan/nvml_question.h"
#include "runtime/requirements.h"

namespace nvbox::runtime {
namespace {

bool lacks_nodes(const driver::Mig& mig) {
  return !mig.is_guarded_by_files && (!mig.gpu_instance_node || !mig.compute_instance_node);
}

bool lacks_nodes(const driver::Gpu& gpu) {
  return std::ranges::any_of(gpu.mig, [](const driver::Mig& mig) { return lacks_nodes(mig); });
}

// Whoever makes or watches instances of GPUs needs nodes that no instance has.
bool wants_rights(const plan::Request& request) {
  if (request.ask != plan::Ask::all && request.devices.empty()) return false;
  return !request.mig_config.empty() || !request.mig_monitor.empty();
}

// Those of the channels that the host has no node of.
std::vector<unsigned> missing_channels(const driver::Inventory& inventory,
                                       std::span<const unsigned> channels) {
  std::vector<unsigned> missing(channels.begin(), channels.end());
  std::erase_if(missing, [&](unsigned channel) {
    const auto& there = inventory.imex_channels;
    return std::ranges::find(there, channel, &driver::HostDevice::minor) != there.end();
  });
  return missing;
}

// The nodes of these channels that may be made, and why others may not.
driver::ExpectedNodes makeable(const driver::Roots& roots, std::span<const unsigned> channels) {
  constexpr std::string_view directory = "/dev/nvidia-caps-imex-channels";
  driver::ExpectedNodes expected = driver::expected_nodes(roots.host, channels);
  std::erase_if(expected.nodes, [&](const driver::ExpectedNode& node) {
    return path::parent(node.path) != directory || !node.may_be_made;
  });
  return expected;
}

// What was told of nodes that have been replaced.
void forget_solved(std::vector<std::string>& problems, const std::vector<std::string>& left) {
  std::erase_if(problems, [&](const std::string& problem) {
    return problem.contains("/dev/nvidia-caps") && std::ranges::find(left, problem) == left.end();
  });
}

// What stands against the request beside missing nodes.
Result<> check_without_nodes(const driver::Roots& roots, const plan::Request& request,
                             std::span<const unsigned> channels, const driver::Inventory& inventory,
                             Nvml nvml) {
  const plan::Selection selection = NVBOX_TRY(plan::select(
      with_every_node(roots, channels, inventory),
      nvml == Nvml::asked ? request : plan::without_names_for_nvml(inventory, request)));
  return check_conditions(request, inventory, selection, nvml);
}

}  // namespace

driver::Inventory with_every_node(const driver::Roots& roots, std::span<const unsigned> channels,
                                  driver::Inventory inventory) {
  for (driver::Gpu& gpu : inventory.gpus) {
    for (driver::Mig& mig : gpu.mig) {
      if (!mig.gpu_instance_node) mig.gpu_instance_node.emplace();
      if (!mig.compute_instance_node) mig.compute_instance_node.emplace();
    }
  }
  const std::vector<unsigned> missing = missing_channels(inventory, channels);
  for (driver::ExpectedNode& node : makeable(roots, missing).nodes) {
    inventory.imex_channels.push_back({.path = std::move(node.path), .minor = node.minor});
  }
  return inventory;
}

bool lacks_instance_nodes(const driver::Inventory& inventory, const plan::Request& request) {
  if (request.ask != plan::Ask::all && !std::ranges::any_of(request.devices, plan::may_name_mig)) {
    return false;
  }
  return std::ranges::any_of(inventory.gpus,
                             [](const driver::Gpu& gpu) { return lacks_nodes(gpu); });
}

void make_instance_nodes(const driver::Roots& roots, const driver::Search& search,
                         driver::Inventory& inventory, const Log& log) {
  if (apply::make_capability_nodes(roots, log) == 0) return;
  auto again = driver::discover(
      roots, search, {.facts = true, .files = driver::Capabilities::all, .only_nodes = true});
  if (!again) return;
  forget_solved(inventory.problems, again->problems);
  inventory.gpus = std::move(again->gpus);
}

void make_imex_channels(const driver::Roots& roots, const driver::Search& search,
                        std::span<const unsigned> channels, driver::Inventory& inventory,
                        const Log& log) {
  const std::vector<unsigned> missing = missing_channels(inventory, channels);
  if (missing.empty()) return;
  const driver::ExpectedNodes expected = makeable(roots, missing);
  if (expected.nodes.size() != missing.size()) {
    for (const std::string& problem : expected.problems) log.warning(problem);
    return;
  }
  if (apply::make_imex_channels(roots, missing, log) == 0) return;
  auto again = driver::discover(roots, search,
                                {.gpus = false,
                                 .imex_channels = true,
                                 .files = driver::Capabilities::all,
                                 .only_nodes = true});
  if (!again) return;
  forget_solved(inventory.problems, again->problems);
  inventory.imex_channels = std::move(again->imex_channels);
}

Result<> make_nodes_for_nvml(const driver::Roots& roots, const driver::Search& search,
                             const plan::Request& request, std::span<const unsigned> channels,
                             driver::Inventory& inventory, const Log& log) {
  if (!lacks_instance_nodes(inventory, request)) return {};
  NVBOX_TRY(check_without_nodes(roots, request, channels, inventory, Nvml::unasked));
  make_instance_nodes(roots, search, inventory, log);
  return {};
}

Result<> make_asked_nodes(const driver::Roots& roots, const driver::Search& search,
                          const plan::Request& request, std::span<const unsigned> channels,
                          driver::Inventory& inventory, const Log& log) {
  const bool has_rights = wants_rights(request);
  if (!has_rights && missing_channels(inventory, channels).empty()) return {};
  NVBOX_TRY(check_without_nodes(roots, request, channels, inventory, Nvml::asked));
  if (has_rights) apply::make_capability_nodes(roots, log);
  make_imex_channels(roots, search, channels, inventory, log);
  return {};
}

}  // namespace nvbox::runtime
