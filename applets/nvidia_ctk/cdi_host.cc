// What this host has, for `nvidia-ctk cdi generate`.
#include <unistd.h>

#include <algorithm>

#include "apply/load_modules.h"
#include "base/text.h"
#include "config/config.h"
#include "driver/discover.h"
#include "driver/fingerprint.h"
#include "driver/management_nodes.h"
#include "driver/nvml.h"
#include "host/root.h"
#include "nvidia_ctk/cdi_generate.h"
#include "plan/check_core.h"
#include "plan/nvml_question.h"
#include "plan/select.h"
#include "runtime/complete_inventory.h"
#include "runtime/missing_nodes.h"

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

Result<config::Config> load_config(const Call& call, const std::string& config_file) {
  return config::load_config(config::lookup_from(call.environment, config_file));
}

// The driver root of the command line or the environment, else of config.toml.
Result<std::string> find_driver_root(const GenerateSettings& settings, const Call& call,
                                     const std::string& config_file) {
  const config::Config config = NVBOX_TRY(load_config(call, config_file));
  const std::string root = settings.driver_root.value_or(config.cli.root);
  return root.empty() ? "/" : root;
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

driver::Search search_for(const GenerateSettings& settings, const std::string& driver_root,
                          const Call& call) {
  driver::Search search = driver::search_from(call.environment);
  search.library_directories = below(driver_root, settings.library_directories);
  search.config_directories = below(driver_root, settings.config_directories);
  driver::add_explicit_libraries(settings.feature_flags, search);
  return search;
}

Result<plan::CdiOutcome> outcome_for(const Plan& plan, const driver::Roots& roots,
                                     const driver::Inventory& inventory, const Log& log) {
  if (plan.what == What::gpus) return plan::cdi_spec_of_gpus(inventory, plan.options);
  if (plan.what == What::imex) return plan::cdi_spec_of_imex(inventory, plan.options);
  if (plan.what == What::management) {
    const driver::ManagementNodes nodes = driver::discover_management_nodes(roots);
    for (const std::string& problem : nodes.problems) log.warning(problem);
    return plan::cdi_spec_of_management(inventory, nodes.nodes, plan.options);
  }
  const auto row = std::ranges::find(features, plan.what, &FeatureRow::what);
  if (inventory.features.empty()) return Error(std::string(row->missing));
  return plan::cdi_spec_of_feature(inventory, row->feature, plan.options);
}

// Names of MIG devices and the like, which only NVML knows.
Result<> ask_nvml(const plan::CdiOptions& options, Purpose purpose, const driver::Roots& roots,
                  const driver::Search& search, const Call& call, const std::string& config_file,
                  driver::Inventory& inventory) {
  const plan::NvmlQuestion question = plan::nvml_question(inventory, options);
  if (question.is_empty()) return {};
  const config::Config config = NVBOX_TRY(load_config(call, config_file));
  driver::NvmlSettings nvml = driver::nvml_settings(call.environment, config.cli.nvml_timeout);
  nvml.keeps_answers = purpose == Purpose::write;
  driver::ask_nvml(roots, search, nvml, question.gpus, inventory);
  runtime::warn_of_unanswered(inventory, call.log);
  return {};
}

// Taken before anything is described: what changes meanwhile makes the specification stale, and
// never one that looks fresh and is not.
struct Stamp {
  std::optional<spec::CdiStamp> stamp{};
  std::vector<std::string> problems{};
};

Stamp take_stamp(const driver::Roots& roots) {
  const Result<driver::Inventory> devices = driver::look_at_devices(roots);
  if (!devices) return {.problems = {devices.error().message()}};
  const driver::Fingerprint print = driver::fingerprint_of(*devices);
  return {.stamp = spec::CdiStamp{.driver_version = print.driver_version, .devices = print.devices},
          .problems = devices->problems};
}

// What only the first look at the devices could not see: the specification is right, and will be
// taken for stale.
void warn_of_stamp(const Stamp& stamp, const driver::Inventory& inventory, const Log& log) {
  for (const std::string& problem : stamp.problems) {
    if (std::ranges::find(inventory.problems, problem) != inventory.problems.end()) continue;
    log.warning(cat("the specification will be taken for stale: ", problem));
  }
}

// Whether the devices that are asked for exist, as far as that can be told before the host's nodes
// are made: without a driver nothing can, and of MIG devices only NVML knows the names.
Result<> check_devices(const Plan& plan, const driver::Roots& roots) {
  auto inventory = driver::look_at_devices(roots);
  if (plan.what != What::gpus || !inventory) return {};
  for (driver::Gpu& gpu : inventory->gpus) {
    if (!gpu.node) gpu.node.emplace();
  }
  const driver::Inventory complete = runtime::with_every_node(roots, {}, *inventory);
  const plan::Request request =
      plan::without_names_for_nvml(complete, plan::request_of(plan.options));
  NVBOX_TRY(plan::select(complete, request));
  return {};
}

}  // namespace

Result<Described> describe_host(const GenerateSettings& settings, const Plan& plan, Purpose purpose,
                                const Call& call, const std::string& config_file) {
  const Log& log = call.log;
  const std::string driver_root = NVBOX_TRY(find_driver_root(settings, call, config_file));
  const std::string dev_root = settings.dev_root.value_or("");
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const host::Root driver = NVBOX_TRY(host::Root::open(driver_root).in("driver root"));
  const host::Root dev =
      NVBOX_TRY(host::Root::open(dev_root.empty() ? driver_root : dev_root).in("dev root"));
  const driver::Roots roots = {host, driver, dev};
  // At boot nobody has used the driver yet, and its nodes are made when somebody does.
  if (purpose == Purpose::write && geteuid() == 0) {
    NVBOX_TRY(check_devices(plan, roots));
    apply::load_modules_for_description(roots, log);
  }
  // Of other specifications nobody could say what is in them under the same names.
  Stamp stamp = plan.what == What::gpus ? take_stamp(roots) : Stamp();
  const driver::Search search = search_for(settings, driver.path(), call);
  const driver::Need need = need_of(plan.what);
  driver::Inventory inventory = NVBOX_TRY(driver::discover(roots, search, need));
  if (!plan.options.allow_incomplete) NVBOX_TRY(plan::check_core(inventory, need.files));
  if (plan.what == What::gpus) {
    NVBOX_TRY(ask_nvml(plan.options, purpose, roots, search, call, config_file, inventory));
  }
  Result<plan::CdiOutcome> outcome = outcome_for(plan, roots, inventory, log);
  // Without the feature that is asked for, the error says what is missing.
  const bool is_said = need.features != driver::Features::none && !outcome;
  for (const std::string& problem : inventory.problems) {
    if (!is_said) log.warning(problem);
  }
  if (outcome) warn_of_stamp(stamp, inventory, log);
  return Described{.outcome = NVBOX_TRY(std::move(outcome)), .stamp = std::move(stamp.stamp)};
}

}  // namespace nvbox::applets::ctk_cdi
