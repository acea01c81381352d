#include "nvbox/runtime/complete_inventory.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "nvbox/apply/make_capability_nodes.h"
#include "nvbox/base/text.h"
#include "nvbox/plan/nvml_question.h"

namespace nvbox::runtime {
namespace {

bool lacks_nodes(const driver::Mig& mig) {
  return !mig.is_guarded_by_files && (!mig.gpu_instance_node || !mig.compute_instance_node);
}

bool lacks_nodes(const driver::Gpu& gpu) {
  return std::ranges::any_of(gpu.mig, [](const driver::Mig& mig) { return lacks_nodes(mig); });
}

bool lacks_channel(const driver::Inventory& inventory, unsigned channel) {
  const auto& channels = inventory.imex_channels;
  return std::ranges::find(channels, channel, &driver::HostDevice::minor) == channels.end();
}

// Whoever makes or watches instances of GPUs needs nodes that no instance has.
bool wants_rights(const plan::Request& request) {
  if (request.ask != plan::Ask::all && request.devices.empty()) return false;
  return !request.mig_config.empty() || !request.mig_monitor.empty();
}

// What was told of nodes that have been replaced.
void forget_solved(std::vector<std::string>& problems, const std::vector<std::string>& left) {
  std::erase_if(problems, [&](const std::string& problem) {
    return problem.contains("/dev/nvidia-caps") && std::ranges::find(left, problem) == left.end();
  });
}

}  // namespace

void make_missing_nodes(const driver::Roots& roots, const driver::Search& search,
                        const plan::Request& request, std::span<const unsigned> imex_channels,
                        driver::Inventory& inventory, const Log& log) {
  std::vector<unsigned> missing(imex_channels.begin(), imex_channels.end());
  std::erase_if(missing, [&](unsigned channel) { return !lacks_channel(inventory, channel); });
  const bool lacks_mig =
      std::ranges::any_of(inventory.gpus, [](const driver::Gpu& gpu) { return lacks_nodes(gpu); });
  if (!lacks_mig && missing.empty() && !wants_rights(request)) return;
  if (apply::make_capability_nodes(roots, missing, log) == 0) return;
  auto again = driver::discover(roots, search,
                                {.gpus = lacks_mig,
                                 .facts = true,
                                 .imex_channels = !missing.empty(),
                                 .files = driver::Capabilities::all,
                                 .only_nodes = true});
  if (!again) return;
  forget_solved(inventory.problems, again->problems);
  if (lacks_mig) inventory.gpus = std::move(again->gpus);
  if (!missing.empty()) inventory.imex_channels = std::move(again->imex_channels);
}

void ask_nvml(const driver::Roots& roots, const driver::Search& search,
              const plan::Request& request, const driver::NvmlSettings& settings,
              driver::Inventory& inventory, const Log& log) {
  const plan::NvmlQuestion question = plan::nvml_question(inventory, request);
  if (question.is_empty()) return;
  log.debug(cat("NVML is asked about ", question.gpus.size(), " GPUs"));
  driver::ask_nvml(roots, search, settings, question.gpus, inventory);
}

void warn_of_unanswered(const driver::Inventory& inventory, const Log& log) {
  if (inventory.unanswered) log.warning(cat("NVML: ", *inventory.unanswered));
  for (const driver::Gpu& gpu : inventory.gpus) {
    if (gpu.unanswered) log.warning(cat("NVML: GPU ", gpu.index, ": ", *gpu.unanswered));
  }
}

}  // namespace nvbox::runtime
