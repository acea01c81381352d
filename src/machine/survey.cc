#include "machine/survey.h"

#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "driver/expected_nodes.h"
#include "driver/mig.h"
#include "machine/nodes.h"
#include "plan/check_core.h"
#include "plan/imex_channels.h"
#include "plan/missing_nodes.h"

namespace nvbox::machine {
namespace {

using driver::Inventory;
using driver::Problem;

// Nothing where nothing has to be raised: the process has all its rights.
Result<std::optional<sys::Raised>> raise(sys::CapSet rights) {
  if (rights.is_empty()) return std::optional<sys::Raised>();
  return std::optional(NVBOX_TRY(sys::Raised::raise_given(rights).in("permission error")));
}

// The nodes of these channels that may be made.
std::vector<driver::HostDevice> makeable(const Place& place,
                                         const std::vector<unsigned>& channels) {
  std::vector<driver::HostDevice> nodes;
  if (channels.empty()) return nodes;
  for (driver::ExpectedNode& node : imex_nodes(place.host(), channels).nodes) {
    if (!node.may_be_made) continue;
    nodes.push_back({.path = std::move(node.path), .minor = node.minor});
  }
  return nodes;
}

// What was told of these devices is told anew, or not any more.
void replace_problems(Problem::Kind kind, Inventory& again, Inventory& inventory) {
  std::erase_if(inventory.problems, [&](const Problem& one) { return one.kind == kind; });
  for (Problem& problem : again.problems) {
    if (problem.kind == kind) inventory.problems.push_back(std::move(problem));
  }
}

void make_instance_nodes(const Place& place, Inventory& inventory, const Log& log) {
  if (make_capability_nodes(place.roots(), log) == 0) return;
  auto again =
      discover(place, {.facts = true, .files = driver::Capabilities::all, .only_nodes = true});
  if (!again) return;
  replace_problems(Problem::Kind::mig_device, *again, inventory);
  inventory.gpus = std::move(again->gpus);
}

void make_channels(const Place& place, const std::vector<unsigned>& channels, Inventory& inventory,
                   const Log& log) {
  if (make_imex_channels(place.roots(), channels, log) == 0) return;
  auto again = discover(place, {.gpus = false,
                                .imex_channels = true,
                                .files = driver::Capabilities::all,
                                .only_nodes = true});
  if (!again) return;
  replace_problems(Problem::Kind::imex_channel, *again, inventory);
  inventory.imex_channels = std::move(again->imex_channels);
}

// The channels of the request that may be made and are not there.
std::vector<unsigned> channels_to_make(const plan::Request& request, MissingNodes nodes,
                                       const Inventory& inventory) {
  if (!nodes.imex_channels) return {};
  return plan::missing_channels(inventory, plan::imex_channel_numbers(request));
}

// The inventory as it will be when every node is made that may be.
Inventory with_every_node(const Place& place, const plan::Request& request, MissingNodes nodes,
                          const Inventory& inventory) {
  return plan::with_every_node(inventory,
                               makeable(place, channels_to_make(request, nodes, inventory)));
}

}  // namespace

Result<Inventory> discover(const Place& place, const driver::Need& need) {
  const auto looking = NVBOX_TRY(raise(place.rights.looks));
  return driver::discover(place.roots(), place.search, need);
}

Result<> ask_nvml(const Place& place, const plan::NvmlQuestion& question, Inventory& inventory) {
  // WSL's NVML needs more than the helper may have.
  if (question.is_empty() || inventory.driver.kind == driver::DriverKind::wsl) return {};
  const auto looking = NVBOX_TRY(raise(place.rights.looks));
  nvml::ask(place.roots(), place.search, place.nvml, question.gpus, inventory);
  return {};
}

void warn_of_unanswered(const Inventory& inventory, const Log& log) {
  if (inventory.unanswered) log.warning(cat("NVML: ", *inventory.unanswered));
  for (const driver::Gpu& gpu : inventory.gpus) {
    if (gpu.unanswered) log.warning(cat("NVML: GPU ", gpu.index, ": ", *gpu.unanswered));
  }
}

Result<> prepare(const Place& place, const plan::Request& request, MissingNodes nodes,
                 Inventory& inventory, const Log& log) {
  if (nodes.capabilities && plan::lacks_instance_nodes(inventory, request)) {
    NVBOX_TRY(plan::check_without_nodes(with_every_node(place, request, nodes, inventory), request,
                                        plan::Nvml::unasked));
    const auto making = NVBOX_TRY(raise(place.rights.makes | place.rights.looks));
    make_instance_nodes(place, inventory, log);
  }
  const plan::NvmlQuestion question = plan::nvml_question(inventory, request);
  if (!question.is_empty()) log.debug(cat("NVML is asked about ", question.gpus.size(), " GPUs"));
  return ask_nvml(place, question, inventory);
}

Result<> make_asked_nodes(const Place& place, const plan::Request& request, MissingNodes nodes,
                          Inventory& inventory, const Log& log) {
  const bool makes_capabilities =
      nodes.every_capability || (nodes.capabilities && plan::wants_mig_rights(request));
  const std::vector<unsigned> channels = channels_to_make(request, nodes, inventory);
  if (!makes_capabilities && channels.empty()) return {};
  const Inventory all = with_every_node(place, request, nodes, inventory);
  NVBOX_TRY(plan::check_without_nodes(all, request, plan::Nvml::asked));
  // A command line's channels are its own to find; without one of them it is refused as well.
  const bool lacks_channels =
      !plan::missing_channels(all, plan::imex_channel_numbers(request)).empty();
  if (lacks_channels) return {};
  const auto making = NVBOX_TRY(raise(place.rights.makes | place.rights.looks));
  if (makes_capabilities) make_capability_nodes(place.roots(), log);
  if (!channels.empty()) make_channels(place, channels, inventory, log);
  return {};
}

Result<> complete(const Place& place, const plan::Request& request, MissingNodes nodes,
                  Inventory& inventory, const Log& log) {
  NVBOX_TRY(prepare(place, request, nodes, inventory, log));
  NVBOX_TRY(make_asked_nodes(place, request, nodes, inventory, log));
  for (const Problem& problem : inventory.problems) log.warning(problem.text);
  return {};
}

Result<Survey> survey(const Place& place, const plan::Request& request, const driver::Need& need,
                      MissingNodes nodes, const Log& log) {
  NVBOX_TRY(plan::given_rights(request.mig));
  Inventory inventory = NVBOX_TRY(discover(place, need));
  NVBOX_TRY(plan::check_core(inventory, request.capabilities));
  NVBOX_TRY(complete(place, request, nodes, inventory, log));
  plan::Selection selection = NVBOX_TRY(plan::select(inventory, request));
  warn_of_unanswered(inventory, log);
  return Survey{std::move(inventory), std::move(selection)};
}

Result<> find_mig_rights(const Place& place, const plan::Request& request,
                         const plan::Selection& selection, Inventory& inventory) {
  NVBOX_TRY(plan::check_mig_rights(request.mig, selection, request.ask));
  std::vector<driver::Gpu> gpus;
  for (const size_t position : plan::gpus_of(selection)) gpus.push_back(inventory.gpus[position]);
  for (const std::string_view right : NVBOX_TRY(plan::given_rights(request.mig))) {
    auto control = NVBOX_TRY(
        driver::find_mig_control(place.roots(), right, gpus).in(plan::error_class_of(right)));
    if (control) inventory.mig_controls.push_back(*std::move(control));
  }
  return {};
}

}  // namespace nvbox::machine
