// The host as the modes of nvidia-container-runtime that need no specification see it.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "driver/discover.h"
#include "driver/inventory.h"
#include "host/root.h"
#include "plan/request.h"
#include "plan/select.h"
#include "runtime/inject.h"

namespace nvbox::runtime {

class Machine {
 public:
  static Result<Machine> open(const config::Config& config);

  const host::Root& host() const { return host_; }
  driver::Roots roots() const { return {host_, driver_, driver_}; }

 private:
  Machine(host::Root host, host::Root driver)
      : host_(std::move(host)), driver_(std::move(driver)) {}

  host::Root host_;
  host::Root driver_;
};

// What there is of `need`.
Result<driver::Inventory> look(const Machine& machine, const driver::Need& need,
                               const InjectOptions& options);

// What the request needs besides (runtime/complete_inventory.h, runtime/missing_nodes.h); problems
// are logged. An error when it is known to be refused.
Result<> complete(const Machine& machine, const plan::Request& request,
                  const InjectOptions& options, driver::Inventory& inventory, const Log& log);

// What there is of `need`, and which of it the request means, with the rights over MIG that it asks
// for; what had to be left out is logged.
struct Choice {
  driver::Inventory inventory;
  plan::Selection selection;
};
Result<Choice> choose(const Machine& machine, const plan::Request& request,
                      const driver::Need& need, const InjectOptions& options, const Log& log);

// What NVIDIA_MIG_CONFIG_DEVICES and NVIDIA_MIG_MONITOR_DEVICES ask for goes into the inventory.
Result<> find_rights(const plan::Request& request, const Machine& machine, Choice& choice);

// Whether their values are served; before any node is made for them.
Result<> check_rights(const plan::Request& request);

// A driver that guards MIG devices by files below /proc alone shows them to every container whose
// /proc nobody covers.
void warn_of_open_mig(const Choice& choice, const Log& log);

}  // namespace nvbox::runtime
