#include "plan/edits_for.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/list.h"
#include "base/path.h"
#include "plan/parts.h"
#include "spec/hook_time.h"

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using driver::Inventory;

PartOptions options_for(Capabilities capabilities, const config::Config& config) {
  const std::vector<std::string>& flags = config.runtime.jit_feature_flags;
  return {.capabilities = capabilities,
          .additional_gids = !config.features.no_additional_gids_for_device_nodes &&
                             !contains(flags, "no-additional-gids-for-device-nodes"),
          .ipc = !contains(flags, "disable-ipc-discoverer")};
}

template <typename T>
void append(std::vector<T>& to, std::vector<T> from) {
  std::ranges::move(from, std::back_inserter(to));
}

class Planner {
 public:
  Planner(const Inventory& inventory, Capabilities capabilities, const config::Config& config)
      : inventory_(inventory),
        config_(config),
        parts_(inventory, options_for(capabilities, config)) {}

  ContainerPlan run(const Selection& selection) {
    for (const size_t position : selection.gpus) add(parts_.of(inventory_.gpus[position]));
    for (const auto& [gpu, mig] : selection.migs) {
      add(parts_.of(inventory_.gpus[gpu], inventory_.gpus[gpu].mig[mig]));
    }
    for (const size_t position : selection.imex_channels) {
      add(parts_.of({inventory_.imex_channels[position]}));
    }
    for (const driver::Feature& feature : inventory_.features) add(parts_.of(feature));
    add_common();
    apply_disabled_hooks();
    add_mig_rights(inventory_, config_, plan_.edits);
    return std::move(plan_);
  }

 private:
  void add(DevicePart part) {
    // A node that two devices share (MIG devices of one GPU) is given once.
    add_new(plan_.edits.nodes, part.edits.nodes);
    add_new(plan_.edits.additional_gids, part.edits.additional_gids);
    append(plan_.edits.mounts, std::move(part.edits.mounts));
    append(plan_.work.links, std::move(part.links));
  }

  template <typename T>
  static void add_new(std::vector<T>& to, const std::vector<T>& from) {
    for (const T& entry : from) {
      if (std::ranges::find(to, entry) == to.end()) to.push_back(entry);
    }
  }

  void add_common() {
    CommonPart common = parts_.common();
    spec::merge(plan_.edits, common.edits);
    append(plan_.work.links, std::move(common.graphics_links));
    append(plan_.work.links, std::move(common.library_links));
    plan_.work.library_folders = std::move(common.library_folders);
    if (parts_.wants(Capabilities::compute)) add_cuda_compat(inventory_.driver, plan_.work);
    plan_.work.mask_params = inventory_.driver.modifies_device_files;
    plan_.work.application_profile =
        parts_.wants(graphical) && driver::is_usual(inventory_.driver.kind);
  }

  // modes.jit-cdi.nvcdi-disable-hooks names NVIDIA's hooks; ours does the same parts.
  void apply_disabled_hooks() {
    const std::vector<std::string>& disabled = config_.runtime.jit_disabled_hooks;
    if (contains(disabled, "all")) plan_.work = {};
    if (contains(disabled, "create-symlinks")) plan_.work.links.clear();
    if (contains(disabled, "update-ldcache")) plan_.work.library_folders.clear();
    if (contains(disabled, "enable-cuda-compat")) spec::remove_cuda_compat(plan_.work);
    if (contains(disabled, "disable-device-node-modification")) plan_.work.mask_params = false;
    if (contains(disabled, "update-application-profile")) plan_.work.application_profile = false;
  }

  const Inventory& inventory_;
  const config::Config& config_;
  Parts parts_;
  ContainerPlan plan_;
};

// Every node that the rights are about; none where the driver has no such nodes.
std::vector<driver::HostDevice> nodes_of(const std::vector<driver::MigControl>& controls) {
  std::vector<driver::HostDevice> nodes;
  for (const driver::MigControl& control : controls) {
    if (!control.node) continue;
    nodes.push_back(*control.node);
    for (const driver::MigControl::OfGpu& gpu : control.gpus) append(nodes, gpu.nodes);
  }
  return nodes;
}

}  // namespace

void add_mig_rights(const Inventory& inventory, const config::Config& config,
                    spec::ContainerEdits& edits) {
  const std::vector<driver::HostDevice> nodes = nodes_of(inventory.mig_controls);
  if (nodes.empty()) return;
  const Parts parts(inventory, options_for(Capabilities::all, config));
  DevicePart part = parts.of(nodes);
  // NVIDIA's flags; whoever makes instances makes their nodes as well.
  part.edits.mounts.push_back({path::join(inventory.driver.dev_root, driver::mig_node_directory),
                               std::string(driver::mig_node_directory),
                               {"nosuid", "noexec", "rbind", "rprivate"}});
  spec::merge(edits, part.edits);
  std::set<std::pair<unsigned, unsigned>> allowed;
  std::erase_if(edits.nodes, [&](const spec::DeviceNode& node) {
    if (path::parent(node.path) != driver::mig_node_directory) return false;
    allowed.emplace(node.major, node.minor);
    return true;
  });
  for (const auto& [major, minor] : allowed) edits.allowed.push_back({major, minor});
}

driver::Capabilities with_implied(driver::Capabilities requested) {
  return intersects(requested, Capabilities::video) ? requested | Capabilities::compute : requested;
}

driver::Need need_of(const Request& request) {
  return {.gpus = request.ask == Ask::all || request.ask == Ask::listed,
          .facts = !request.requirements.empty() || intersects(request.capabilities, graphical),
          .imex_channels = !request.imex_channels.empty(),
          .files = with_implied(request.capabilities),
          .features = request.features,
          .all_csv_files = request.all_csv_files};
}

ContainerPlan plan_for(const Inventory& inventory, const Selection& selection,
                       Capabilities requested, const config::Config& config) {
  return Planner(inventory, with_implied(requested), config).run(selection);
}

spec::Hook hook_for(const spec::ContainerWork& work, const std::string& program) {
  spec::Hook hook{
      .stage = "createContainer", .path = program, .args = {std::string(spec::work_hook_name)}};
  for (std::string& argument : spec::to_arguments(work)) hook.args.push_back(std::move(argument));
  hook.env = {std::string(spec::quiet_hook)};
  hook.timeout = spec::work_hook_time.timeout;
  return hook;
}

}  // namespace nvbox::plan
