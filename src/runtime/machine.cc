#include "runtime/machine.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "plan/check_core.h"
#include "runtime/complete_inventory.h"
#include "runtime/mig_rights.h"
#include "runtime/missing_nodes.h"

namespace nvbox::runtime {
namespace {

driver::Search search_of(const InjectOptions& options) {
  driver::Search search = driver::search_from(options.environment);
  search.ld_cache = options.config.cli.ldcache;
  driver::add_explicit_libraries(options.config.runtime.jit_feature_flags, search);
  return search;
}

MigRights rights_of(const plan::Request& request) {
  return {request.mig_config, request.mig_monitor};
}

}  // namespace

Result<Machine> Machine::open(const config::Config& config) {
  host::Root host = NVBOX_TRY(host::Root::open("/"));
  host::Root driver = NVBOX_TRY(host::Root::open(config.cli.root.empty() ? "/" : config.cli.root)
                                    .in("nvidia-container-cli.root"));
  return Machine(std::move(host), std::move(driver));
}

Result<driver::Inventory> look(const Machine& machine, const driver::Need& need,
                               const InjectOptions& options) {
  return driver::discover(machine.roots(), search_of(options), need);
}

Result<> complete(const Machine& machine, const plan::Request& request,
                  const InjectOptions& options, driver::Inventory& inventory, const Log& log) {
  std::vector<unsigned> channels;
  if (!options.config.features.disable_imex_channel_creation) {
    channels = plan::imex_channel_numbers(request);
  }
  const driver::Search search = search_of(options);
  const driver::Roots roots = machine.roots();
  NVBOX_TRY(make_nodes_for_nvml(roots, search, request, channels, inventory, log));
  ask_nvml(roots, search, request,
           driver::nvml_settings(options.environment, options.config.cli.nvml_timeout), inventory,
           log);
  NVBOX_TRY(make_asked_nodes(roots, search, request, channels, inventory, log));
  for (const std::string& problem : inventory.problems) log.warning(problem);
  return {};
}

Result<Choice> choose(const Machine& machine, const plan::Request& request,
                      const driver::Need& need, const InjectOptions& options, const Log& log) {
  NVBOX_TRY(check_rights(request));
  driver::Inventory inventory = NVBOX_TRY(look(machine, need, options));
  NVBOX_TRY(plan::check_core(inventory, request.capabilities));
  Choice choice = {.inventory = std::move(inventory), .selection = {}};
  NVBOX_TRY(complete(machine, request, options, choice.inventory, log));
  choice.selection = NVBOX_TRY(plan::select(choice.inventory, request));
  warn_of_unanswered(choice.inventory, log);
  for (const std::string& note : choice.selection.notes) log.warning(note);
  NVBOX_TRY(find_rights(request, machine, choice));
  return choice;
}

Result<> find_rights(const plan::Request& request, const Machine& machine, Choice& choice) {
  choice.inventory.mig_controls = NVBOX_TRY(find_mig_rights(
      rights_of(request), machine.roots(), choice.inventory, choice.selection, request.ask));
  return {};
}

Result<> check_rights(const plan::Request& request) {
  return check_mig_rights(rights_of(request));
}

void warn_of_open_mig(const Choice& choice, const Log& log) {
  for (const auto& [gpu, mig] : choice.selection.migs) {
    if (!choice.inventory.gpus[gpu].mig[mig].is_guarded_by_files) continue;
    log.warning(
        "this driver has no nodes for MIG devices, only files below /proc that every container can "
        "read; in legacy mode, containers see only their own");
    return;
  }
}

}  // namespace nvbox::runtime
