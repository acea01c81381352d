// Selection + inventory -> what must change about the container.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "driver/inventory.h"
#include "plan/request.h"
#include "plan/select.h"
#include "spec/container_work.h"
#include "spec/edits.h"

namespace nvbox::plan {

// What discovery has to look for, so that a request pays for no more than it needs.
driver::Need need_of(const Request& request);

// The capabilities whose files are given for the requested ones: video needs the compute libraries
// (libnvcuvid and libnvidia-encode load libcuda).
driver::Capabilities with_implied(driver::Capabilities requested);

struct ContainerPlan {
  // Everything but the hook, in the order in which it is to be applied.
  spec::ContainerEdits edits{};
  // What is left to do in the container's root file system.
  spec::ContainerWork work{};

  bool operator==(const ContainerPlan&) const = default;
};

// With inventory.mig_controls.
ContainerPlan plan_for(const driver::Inventory& inventory, const Selection& selection,
                       driver::Capabilities requested, const config::Config& config);

// Adds the rights of inventory.mig_controls: the directory of all MIG nodes, so that nodes of
// instances that are made later are in it, too, and leave to use those of the controls' GPUs. Nodes
// of `edits` in that directory become leave to use them: whoever made them would do so on the host.
void add_mig_rights(const driver::Inventory& inventory, const config::Config& config,
                    spec::ContainerEdits& edits);

// The createContainer hook that does `work`, under the name spec::work_hook_name: `program` is the
// path of this binary on the host.
spec::Hook hook_for(const spec::ContainerWork& work, const std::string& program);

}  // namespace nvbox::plan
