#include "machine/survey.h"

#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "driver/expected_nodes.h"
#include "driver/mig_control.h"
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

template <typename T>
Result<T> in_class(Result<T> result, plan::Grammar grammar, std::string_view error_class) {
  return grammar == plan::Grammar::variable ? std::move(result) : std::move(result).in(error_class);
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

// All of these, or none when one of them cannot be made.
void make_channels(const Place& place, const std::vector<unsigned>& channels, Inventory& inventory,
                   const Log& log) {
  const driver::ExpectedNodes expected = imex_nodes(place.host(), channels);
  if (makeable(place, channels).size() != channels.size()) {
    for (const std::string& problem : expected.problems) log.warning(problem);
    return;
  }
  if (make_imex_channels(place.roots(), channels, log) == 0) return;
  auto again = discover(place, {.gpus = false,
                                .imex_channels = true,
                                .files = driver::Capabilities::all,
                                .only_nodes = true});
  if (!again) return;
  replace_problems(Problem::Kind::imex_channel, *again, inventory);
  inventory.imex_channels = std::move(again->imex_channels);
}

// One request on its way through the steps.
class Completion {
 public:
  Completion(const Place& place, const plan::Request& request, MissingNodes nodes,
             Inventory& inventory, const Log& log)
      : place_(place), request_(request), nodes_(nodes), inventory_(inventory), log_(log) {
    if (nodes.imex_channels) channels_ = plan::imex_channel_numbers(request);
  }

  Result<> run() {
    NVBOX_TRY(make_nodes_for_nvml());
    NVBOX_TRY(ask_nvml(place_, plan::nvml_question(inventory_, request_), inventory_, log_));
    NVBOX_TRY(make_asked_nodes());
    for (const Problem& problem : inventory_.problems) log_.warning(problem.text);
    return {};
  }

 private:
  Result<> make_nodes_for_nvml() {
    if (!nodes_.capabilities || !plan::lacks_instance_nodes(inventory_, request_)) return {};
    NVBOX_TRY(plan::check_without_nodes(with_nodes(), request_, plan::Nvml::unasked));
    const auto making = NVBOX_TRY(raise(place_.rights.makes));
    make_instance_nodes(place_, inventory_, log_);
    return {};
  }

  Result<> make_asked_nodes() {
    const bool makes_capabilities =
        nodes_.every_capability || (nodes_.capabilities && plan::wants_mig_rights(request_));
    const std::vector<unsigned> missing = plan::missing_channels(inventory_, channels_);
    if (!makes_capabilities && missing.empty()) return {};
    const Inventory all = with_nodes();
    NVBOX_TRY(plan::check_without_nodes(all, request_, plan::Nvml::asked));
    // Whoever selects the channels says so, in its own words.
    const bool lacks_channels =
        !plan::missing_channels(all, plan::imex_channel_numbers(request_)).empty();
    if (lacks_channels) return {};
    const auto making = NVBOX_TRY(raise(place_.rights.makes | place_.rights.looks));
    if (makes_capabilities) make_capability_nodes(place_.roots(), log_);
    if (!missing.empty()) make_channels(place_, missing, inventory_, log_);
    return {};
  }

  Inventory with_nodes() const {
    return plan::with_every_node(inventory_,
                                 makeable(place_, plan::missing_channels(inventory_, channels_)));
  }

  const Place& place_;
  const plan::Request& request_;
  MissingNodes nodes_;
  Inventory& inventory_;
  const Log& log_;
  std::vector<unsigned> channels_{};  // that may be made
};

}  // namespace

Result<Inventory> discover(const Place& place, const driver::Need& need) {
  const auto looking = NVBOX_TRY(raise(place.rights.looks));
  return driver::discover(place.roots(), place.search, need);
}

Result<> ask_nvml(const Place& place, const plan::NvmlQuestion& question, Inventory& inventory,
                  const Log& log) {
  if (question.is_empty()) return {};
  const auto looking = NVBOX_TRY(raise(place.rights.looks));
  log.debug(cat("NVML is asked about ", question.gpus.size(), " GPUs"));
  nvml::ask(place.roots(), place.search, place.nvml, question.gpus, inventory);
  return {};
}

void warn_of_unanswered(const Inventory& inventory, const Log& log) {
  if (inventory.unanswered) log.warning(cat("NVML: ", *inventory.unanswered));
  for (const driver::Gpu& gpu : inventory.gpus) {
    if (gpu.unanswered) log.warning(cat("NVML: GPU ", gpu.index, ": ", *gpu.unanswered));
  }
}

Result<> complete(const Place& place, const plan::Request& request, MissingNodes nodes,
                  Inventory& inventory, const Log& log) {
  const auto looking = NVBOX_TRY(raise(place.rights.looks));
  return Completion(place, request, nodes, inventory, log).run();
}

Result<Survey> survey(const Place& place, const plan::Request& request, const driver::Need& need,
                      MissingNodes nodes, const Log& log) {
  NVBOX_TRY(plan::given_rights(request.mig));
  Inventory inventory =
      NVBOX_TRY(in_class(discover(place, need), request.grammar, "initialization error"));
  NVBOX_TRY(in_class(plan::check_core(inventory, request.capabilities), request.grammar,
                     "detection error"));
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
