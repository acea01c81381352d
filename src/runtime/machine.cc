#include "runtime/machine.h"

#include <string>
#include <utility>

namespace nvbox::runtime {

Result<Machine> Machine::open(const config::Config& config) {
  host::Root host = NVBOX_TRY(host::Root::open("/"));
  host::Root driver = NVBOX_TRY(host::Root::open(config.cli.root.empty() ? "/" : config.cli.root)
                                    .in("nvidia-container-cli.root"));
  return Machine(std::move(host), std::move(driver));
}

Result<Choice> choose(const Machine& machine, const plan::Request& request,
                      const driver::Need& need, const InjectOptions& options, const Log& log) {
  driver::Search search = driver::search_from(options.environment);
  search.ld_cache = options.config.cli.ldcache;
  driver::Inventory inventory = NVBOX_TRY(driver::discover(machine.roots(), search, need));
  for (const std::string& problem : inventory.problems) log.warning(problem);
  plan::Selection selection = NVBOX_TRY(plan::select(inventory, request));
  for (const std::string& note : selection.notes) log.warning(note);
  return Choice{std::move(inventory), std::move(selection)};
}

}  // namespace nvbox::runtime
