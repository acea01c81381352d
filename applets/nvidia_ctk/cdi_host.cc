// What this host has, for `nvidia-ctk cdi generate`.
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "config/config.h"
#include "driver/device_nodes.h"
#include "driver/fingerprint.h"
#include "machine/modules.h"
#include "machine/survey.h"
#include "nvidia_ctk/cdi_generate.h"
#include "plan/check_core.h"
#include "plan/missing_nodes.h"
#include "plan/nvml_question.h"
#include "plan/select.h"

namespace nvbox::applets::ctk_cdi {
namespace {

struct FeatureRow {
  What what;
  driver::Features feature;
  std::string_view missing;
};

constexpr FeatureRow features[] = {
    {What::gds, driver::Features::gds, "there is no /dev/nvidia-fs*; load the module nvidia-fs"},
    {What::mofed, driver::Features::mofed,
     "there is no /dev/infiniband/uverbs* or rdma_cm; load ib_uverbs and rdma_ucm"},
    {What::gdrcopy, driver::Features::gdrcopy, "there is no /dev/gdrdrv; load the module gdrdrv"},
    {What::nvswitch, driver::Features::nvswitch,
     "there is no /dev/nvidia-nvswitch*; this host has no NVSwitch, or nv-fabricmanager has not "
     "been started"},
};

driver::Need need_of(What what) {
  driver::Need need = {.gpus = what == What::gpus,
                       .imex_channels = what == What::imex,
                       .files = driver::Capabilities::none};
  if (what == What::gpus || what == What::management) need.files = plan::cdi_capabilities;
  const auto row = std::ranges::find(features, what, &FeatureRow::what);
  if (row != std::end(features)) need.features = row->feature;
  return need;
}

// Directories on the command line are the host's.
std::vector<std::string> below(const std::string& root, const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    const bool is_below = root != "/" && path.starts_with(cat(root, "/"));
    out.push_back(is_below ? path.substr(root.size()) : path);
  }
  return out;
}

// The driver root of the command line or the environment, else of config.toml.
Result<machine::Place> open_place(const GenerateSettings& settings, const GeneratePlan& plan,
                                  Purpose purpose, const Call& call,
                                  const std::string& config_file) {
  const config::Config config =
      NVBOX_TRY(config::load_config(config::lookup_from(call.environment, config_file)));
  machine::Place place = NVBOX_TRY(machine::Place::open(
      {.host = call.host_root,
       .driver = settings.driver_root ? *settings.driver_root : config.cli.root,
       .dev = settings.dev_root ? std::string_view(*settings.dev_root) : ""},
      call.environment, config.cli.nvml_timeout));
  place.search.library_directories = below(place.driver().path(), settings.library_directories);
  place.search.config_directories = below(place.driver().path(), settings.config_directories);
  driver::add_explicit_libraries(settings.feature_flags, place.search);
  place.search.kind = plan.kind;
  place.search.csv = plan.csv;
  place.nvml.keeps_answers = purpose == Purpose::write;
  return place;
}

Result<plan::CdiOutcome> outcome_for(const GeneratePlan& plan, const machine::Place& place,
                                     const driver::Inventory& inventory, const Log& log) {
  if (plan.what == What::gpus) return plan::cdi_spec_of_gpus(inventory, plan.options);
  if (plan.what == What::imex) return plan::cdi_spec_of_imex(inventory, plan.options);
  if (plan.what == What::management) {
    const driver::ManagementNodes nodes = driver::discover_management_nodes(place.roots());
    for (const driver::Problem& problem : nodes.problems) log.warning(problem.text);
    return plan::cdi_spec_of_management(inventory, nodes.nodes, plan.options);
  }
  const auto row = std::ranges::find(features, plan.what, &FeatureRow::what);
  if (inventory.features.empty()) return Error(std::string(row->missing));
  return plan::cdi_spec_of_feature(inventory, row->feature, plan.options);
}

// Taken before anything is described: what changes meanwhile makes the specification stale, and
// never one that looks fresh and is not.
struct Stamp {
  std::optional<spec::CdiStamp> stamp{};
  std::vector<driver::Problem> problems{};
};

Stamp take_stamp(const GeneratePlan& plan, const driver::Roots& roots) {
  if (plan.what != What::gpus || !driver::is_usual(plan.kind)) return {};
  const Result<driver::Inventory> devices = driver::look_at_devices(roots);
  if (!devices) return {.problems = {{devices.error().message()}}};
  // What matters elsewhere is the files that a specification names.
  if (!driver::is_usual(devices->driver.kind)) return {};
  const driver::Fingerprint print = driver::fingerprint_of(*devices);
  return {.stamp = spec::CdiStamp{.driver_version = print.driver_version, .devices = print.devices},
          .problems = devices->problems};
}

// What only the first look at the devices could not see: the specification is right, and will be
// taken for stale.
void warn_of_stamp(const Stamp& stamp, const driver::Inventory& inventory, const Log& log) {
  for (const driver::Problem& problem : stamp.problems) {
    if (std::ranges::find(inventory.problems, problem) != inventory.problems.end()) continue;
    log.warning(cat("the specification will be taken for stale: ", problem.text));
  }
}

// Whether the devices that are asked for exist, as far as that can be told before the host's nodes
// are made: without a driver nothing can, and of MIG devices only NVML knows the names.
Result<> check_devices(const GeneratePlan& plan, const driver::Roots& roots) {
  if (plan.what != What::gpus || !driver::is_usual(plan.kind)) return {};
  auto inventory = driver::look_at_devices(roots);
  if (!inventory) return {};
  if (!driver::is_usual(inventory->driver.kind)) return {};
  for (driver::Gpu& gpu : inventory->gpus) {
    if (!gpu.node) gpu.node.emplace();
  }
  const driver::Inventory complete = plan::with_every_node(*inventory, {});
  const plan::Request request =
      plan::without_names_for_nvml(complete, plan::request_of(plan.options));
  NVBOX_TRY(plan::select(complete, request));
  return {};
}

}  // namespace

Result<Described> describe_host(const GenerateSettings& settings, const GeneratePlan& plan,
                                Purpose purpose, const Call& call, const std::string& config_file) {
  const Log& log = call.log;
  const machine::Place place = NVBOX_TRY(open_place(settings, plan, purpose, call, config_file));
  // At boot nobody has used the driver yet, and its nodes are made when somebody does.
  if (purpose == Purpose::write && geteuid() == 0) {
    NVBOX_TRY(check_devices(plan, place.roots()));
    machine::load_modules_for_description(place.roots(), log);
  }
  // Of other specifications nobody could say what is in them under the same names.
  Stamp stamp = take_stamp(plan, place.roots());
  const driver::Need need = need_of(plan.what);
  driver::Inventory inventory = NVBOX_TRY(machine::discover(place, need));
  if (!plan.options.allow_incomplete) NVBOX_TRY(plan::check_core(inventory, need.files));
  if (plan.what == What::gpus) {
    NVBOX_TRY(machine::ask_nvml(place, plan::nvml_question(inventory, plan.options), inventory));
    machine::warn_of_unanswered(inventory, log);
  }
  Result<plan::CdiOutcome> outcome = outcome_for(plan, place, inventory, log);
  // Without the feature that is asked for, the error says what is missing.
  const bool is_said = need.features != driver::Features::none && !outcome;
  for (const driver::Problem& problem : inventory.problems) {
    if (!is_said) log.warning(problem.text);
  }
  if (outcome) warn_of_stamp(stamp, inventory, log);
  return Described{.outcome = NVBOX_TRY(std::move(outcome)), .stamp = std::move(stamp.stamp)};
}

}  // namespace nvbox::applets::ctk_cdi
