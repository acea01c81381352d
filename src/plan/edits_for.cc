#include "nvbox/plan/edits_for.h"

#include <algorithm>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using driver::FileKind;
using driver::HostDevice;
using driver::Inventory;

constexpr Capabilities graphical = Capabilities::graphics | Capabilities::display;

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

spec::DeviceNode node_for(const HostDevice& device, const Inventory& inventory) {
  const std::string& root = inventory.driver.dev_root;
  spec::DeviceNode node{
      .path = device.path, .major = device.major, .minor = device.minor, .file_mode = device.mode};
  if (root != "/") node.host_path = path::join(root, device.path);
  if (device.gid != 0) node.gid = device.gid;
  return node;
}

// A process that is not root needs the group of a node that is not open to all.
constexpr mode_t open_to_all = 0006;

class Planner {
 public:
  Planner(const Inventory& inventory, Capabilities capabilities, const config::Config& config)
      : inventory_(inventory), capabilities_(capabilities), config_(config) {}

  Plan run(const Selection& selection) {
    for (const size_t position : selection.gpus) add_gpu(inventory_.gpus[position]);
    for (const auto& [gpu, mig] : selection.migs) add_mig(gpu, mig);
    for (const size_t position : selection.imex_channels) {
      add_device({inventory_.imex_channels[position]});
    }
    for (const driver::Feature& feature : inventory_.features) add_feature(feature);
    add_common();
    apply_disabled_hooks();
    return std::move(plan_);
  }

 private:
  bool wanted(Capabilities serves) const { return intersects(serves, capabilities_); }

  void add_node(const HostDevice& device, spec::ContainerEdits& edits) const {
    edits.nodes.push_back(node_for(device, inventory_));
    const bool gids_are_off =
        config_.features.no_additional_gids_for_device_nodes ||
        contains(config_.runtime.jit_feature_flags, "no-additional-gids-for-device-nodes");
    if (device.gid == 0 || (device.mode & open_to_all) == open_to_all || gids_are_off) return;
    edits.additional_gids.push_back(device.gid);
  }

  void add_device(const std::vector<HostDevice>& devices) {
    spec::ContainerEdits edits;
    for (const HostDevice& device : devices) add_node(device, edits);
    spec::normalize(edits);
    // A node that two devices share (MIG devices of one GPU) is given once.
    for (const spec::DeviceNode& node : edits.nodes) {
      if (std::ranges::find(plan_.edits.nodes, node) != plan_.edits.nodes.end()) continue;
      plan_.edits.nodes.push_back(node);
    }
    for (const gid_t gid : edits.additional_gids) {
      if (std::ranges::find(plan_.edits.additional_gids, gid) ==
          plan_.edits.additional_gids.end()) {
        plan_.edits.additional_gids.push_back(gid);
      }
    }
  }

  void add_gpu(const driver::Gpu& gpu) {
    std::vector<HostDevice> devices = {*gpu.node};
    if (wanted(graphical)) {
      devices.insert(devices.end(), gpu.drm_nodes.begin(), gpu.drm_nodes.end());
      add_links(gpu.drm_links);
    }
    add_device(devices);
  }

  void add_mig(size_t gpu, size_t mig) {
    const driver::Gpu& parent = inventory_.gpus[gpu];
    const driver::Mig& device = parent.mig[mig];
    add_device({*parent.node, *device.gpu_instance_node, *device.compute_instance_node});
  }

  void add_feature(const driver::Feature& feature) {
    add_device(feature.nodes);
    for (const driver::HostFile& file : feature.files) {
      plan_.edits.mounts.push_back({on_host(file.path),
                                    file.container_path,
                                    {"ro", "nosuid", "nodev", "rbind", "rprivate"}});
    }
  }

  void add_links(const std::vector<driver::Link>& links) {
    for (const driver::Link& link : links) {
      if (wanted(link.serves)) plan_.work.links.push_back({link.target, link.link});
    }
  }

  void add_common() {
    spec::ContainerEdits common;
    for (const HostDevice& device : inventory_.control) {
      if (wanted(control_serves(device.path))) add_node(device, common);
    }
    add_links(inventory_.extra_links);
    for (const driver::Library& library : inventory_.libraries) add_library(library, common);
    for (const driver::HostFile& file : inventory_.files) add_file(file, common);
    spec::normalize(common);
    if (!inventory_.library_directories.empty()) {
      common.env.push_back(
          cat("NVIDIA_CTK_LIBCUDA_DIR=", join(inventory_.library_directories, ":")));
    }
    // A runtime inside the container, or a later hook, must not serve the request once more.
    common.env.emplace_back("NVIDIA_VISIBLE_DEVICES=void");
    spec::merge(plan_.edits, common);
    if (wanted(Capabilities::compute)) {
      plan_.work.cuda_compat_driver = inventory_.driver.version;
    }
    plan_.work.mask_params = inventory_.driver.modifies_device_files;
    plan_.work.application_profile = wanted(graphical);
  }

  // The unified-memory nodes serve CUDA, modesetting serves displays and Vulkan; nvidiactl is
  // everybody's.
  static Capabilities control_serves(std::string_view path) {
    if (path.starts_with("/dev/nvidia-uvm")) return Capabilities::compute;
    if (path == "/dev/nvidia-modeset") return graphical;
    return Capabilities::all;
  }

  std::string on_host(std::string_view path) const {
    return path::join(inventory_.driver.root, path);
  }

  void add_library(const driver::Library& library, spec::ContainerEdits& edits) {
    if (!wanted(library.serves)) return;
    if (library.is_32_bit && !wanted(Capabilities::compat32)) return;
    edits.mounts.push_back(
        {on_host(library.path), library.path, {"ro", "nosuid", "nodev", "rbind", "rprivate"}});
    add_links(library.links);
    // The loader looks for names such as libx.so.1; plug-ins without "lib" are opened by path.
    if (!path::base_name(library.path).starts_with("lib")) return;
    const std::string folder(path::parent(library.path));
    if (!contains(plan_.work.library_folders, folder)) plan_.work.library_folders.push_back(folder);
  }

  void add_file(const driver::HostFile& file, spec::ContainerEdits& edits) {
    const bool is_ipc = file.kind == FileKind::socket || file.kind == FileKind::directory;
    if (!wanted(file.serves)) return;
    if (is_ipc && contains(config_.runtime.jit_feature_flags, "disable-ipc-discoverer")) return;
    std::vector<std::string> options = {"ro", "nosuid", "nodev", "rbind", "rprivate"};
    // A client writes to a socket, and nothing there is a program.
    if (is_ipc) options = {"nosuid", "nodev", "rbind", "rprivate", "noexec"};
    edits.mounts.push_back({on_host(file.path), file.container_path, std::move(options)});
  }

  // modes.jit-cdi.nvcdi-disable-hooks names the peer's hooks; ours does the same parts.
  void apply_disabled_hooks() {
    const std::vector<std::string>& disabled = config_.runtime.jit_disabled_hooks;
    if (contains(disabled, "all")) plan_.work = {};
    if (contains(disabled, "create-symlinks")) plan_.work.links.clear();
    if (contains(disabled, "update-ldcache")) plan_.work.library_folders.clear();
    if (contains(disabled, "enable-cuda-compat")) plan_.work.cuda_compat_driver.clear();
    if (contains(disabled, "disable-device-node-modification")) plan_.work.mask_params = false;
    if (contains(disabled, "update-application-profile")) plan_.work.application_profile = false;
  }

  const Inventory& inventory_;
  Capabilities capabilities_;
  const config::Config& config_;
  Plan plan_;
};

}  // namespace

driver::Capabilities with_implied(driver::Capabilities requested) {
  return intersects(requested, Capabilities::video) ? requested | Capabilities::compute : requested;
}

driver::Need need_of(const Request& request) {
  return {.gpus = request.ask == Ask::all || request.ask == Ask::listed,
          .imex_channels = !request.imex_channels.empty(),
          .files = with_implied(request.capabilities),
          .features = request.features};
}

Plan plan_for(const Inventory& inventory, const Selection& selection, Capabilities requested,
              const config::Config& config) {
  return Planner(inventory, with_implied(requested), config).run(selection);
}

spec::Hook hook_for(const spec::ContainerWork& work, const std::string& program) {
  spec::Hook hook{.stage = "createContainer", .path = program, .args = {std::string(hook_name)}};
  for (std::string& argument : spec::to_arguments(work)) hook.args.push_back(std::move(argument));
  // runc gives a hook without variables of its own those of the container (CVE-2025-23266).
  hook.env = {"NVIDIA_CTK_DEBUG=false"};
  return hook;
}

}  // namespace nvbox::plan
