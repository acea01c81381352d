// What a request needs to know of this machine, learned in one order for every program: discovery,
// missing device nodes, NVML. Only what the request is about is looked at, asked and made.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "driver/inventory.h"
#include "machine/place.h"
#include "plan/nvml_question.h"
#include "plan/request.h"
#include "plan/select.h"

namespace nvbox::machine {

// What there is of `need`; neither NVML is asked nor anything made.
Result<driver::Inventory> discover(const Place& place, const driver::Need& need);

// Asks NVML, if there is anything to ask. What it does not tell stays unknown in the inventory;
// whether that matters is plan's to decide.
Result<> ask_nvml(const Place& place, const plan::NvmlQuestion& question,
                  driver::Inventory& inventory);

// Warns of what NVML did not tell, once it is known that the request can be served without.
void warn_of_unanswered(const driver::Inventory& inventory, const Log& log);

// Which device nodes may be made that nobody has made yet. They are made as nvidia-modprobe would,
// with the driver's own numbers and modes, outside user namespaces, and none for a request that is
// refused anyway.
struct MissingNodes {
  bool capabilities = false;      // of MIG instances and rights over MIG that the request is about
  bool imex_channels = false;     // of the channels that it names
  bool every_capability = false;  // all of the first kind, whatever the request is about
};

// Makes nodes of MIG instances, since NVML tells nothing of those without, and asks NVML what the
// request depends on. An error when the request is refused whatever NVML would say.
Result<> prepare(const Place& place, const plan::Request& request, MissingNodes nodes,
                 driver::Inventory& inventory, const Log& log);

// Makes what nodes of rights and channels are missing after that. An error when the request is
// refused for another reason than these.
Result<> make_asked_nodes(const Place& place, const plan::Request& request, MissingNodes nodes,
                          driver::Inventory& inventory, const Log& log);

// Both, and then the problems of the inventory are logged.
Result<> complete(const Place& place, const plan::Request& request, MissingNodes nodes,
                  driver::Inventory& inventory, const Log& log);

// What there is of `need`, and which of it the request means.
struct Survey {
  driver::Inventory inventory;
  plan::Selection selection;  // what had to be left out is in its notes
};

// All of it in its order: rights that nobody can have are refused, what there is is discovered, no
// core of the capabilities may be missing (plan/check_core.h), the inventory is completed, and
// devices are selected.
Result<Survey> survey(const Place& place, const plan::Request& request, const driver::Need& need,
                      MissingNodes nodes, const Log& log);

// The rights over MIG that the request asks for go into the inventory. Errors besides
// plan::check_mig_rights's are driver::find_mig_control's.
Result<> find_mig_rights(const Place& place, const plan::Request& request,
                         const plan::Selection& selection, driver::Inventory& inventory);

}  // namespace nvbox::machine
