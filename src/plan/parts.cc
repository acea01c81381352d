#include "plan/parts.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using driver::FileKind;
using driver::HostDevice;

// A process that is not root needs the group of a node that is not open to all.
constexpr mode_t open_to_all = 0006;

std::vector<std::string> read_only() {
  return {"ro", "nosuid", "nodev", "rbind", "rprivate"};
}

// What every user of the driver opens first, also one that is given no file of it.
constexpr std::string_view control_node = "/dev/nvidiactl";

// The unified-memory nodes serve CUDA, modesetting serves displays and Vulkan.
Capabilities control_serves(std::string_view path) {
  if (path.starts_with("/dev/nvidia-uvm")) return Capabilities::compute;
  if (path == "/dev/nvidia-modeset") return graphical;
  return Capabilities::all;
}

}  // namespace

void add_cuda_compat(const driver::Driver& driver, spec::ContainerWork& work) {
  if (driver.kind != driver::DriverKind::tegra) {
    work.cuda_compat_driver = driver.version;
    return;
  }
  // The drivers of before there was a version, and NVML, serve no newer libraries.
  if (!driver.version.empty()) work.cuda_compat_cuda = driver.cuda_version;
  const bool is_elsewhere = !work.cuda_compat_cuda.empty() && !driver.compat_root.empty();
  if (is_elsewhere) work.cuda_compat_root = driver.compat_root;
}

bool Parts::wants(Capabilities serves) const {
  return intersects(serves, options_.capabilities);
}

spec::DeviceNode Parts::node_for(const HostDevice& device) const {
  const std::string& root = inventory_.driver.dev_root;
  spec::DeviceNode node{
      .path = device.path, .major = device.major, .minor = device.minor, .file_mode = device.mode};
  if (root != "/") node.host_path = path::join(root, device.path);
  if (device.gid != 0) node.gid = device.gid;
  return node;
}

std::string Parts::on_host(std::string_view path) const {
  return path::join(inventory_.driver.root, path);
}

void Parts::add_node(const HostDevice& device, spec::ContainerEdits& edits) const {
  edits.nodes.push_back(node_for(device));
  if (!options_.additional_gids || device.gid == 0) return;
  if ((device.mode & open_to_all) != open_to_all) edits.additional_gids.push_back(device.gid);
}

void Parts::add_links(const std::vector<driver::HostLink>& links,
                      std::vector<spec::Link>& to) const {
  for (const driver::HostLink& link : links) {
    if (wants(link.serves)) to.push_back({link.target, link.link});
  }
}

DevicePart Parts::of(const std::vector<HostDevice>& nodes) const {
  DevicePart part;
  for (const HostDevice& node : nodes) add_node(node, part.edits);
  spec::normalize(part.edits);
  return part;
}

DevicePart Parts::of(const driver::Gpu& gpu) const {
  std::vector<HostDevice> nodes = {*gpu.node};
  nodes.insert(nodes.end(), gpu.more_nodes.begin(), gpu.more_nodes.end());
  if (wants(graphical)) {
    nodes.insert(nodes.end(), gpu.drm_nodes.begin(), gpu.drm_nodes.end());
  }
  DevicePart part = of(nodes);
  if (wants(graphical)) add_links(gpu.drm_links, part.links);
  return part;
}

DevicePart Parts::of(const driver::Gpu& gpu, const driver::Mig& mig) const {
  std::vector<HostDevice> nodes = {*gpu.node};
  // Absent where the driver has no such nodes.
  for (const auto& node : {mig.gpu_instance_node, mig.compute_instance_node}) {
    if (node) nodes.push_back(*node);
  }
  const bool has_screens = mig.has_graphics && wants(graphical);
  if (has_screens) nodes.insert(nodes.end(), gpu.drm_nodes.begin(), gpu.drm_nodes.end());
  DevicePart part = of(nodes);
  if (has_screens) add_links(gpu.drm_links, part.links);
  return part;
}

DevicePart Parts::of(const driver::Feature& feature) const {
  DevicePart part = of(feature.nodes);
  for (const driver::HostFile& file : feature.files) {
    part.edits.mounts.push_back({on_host(file.path), file.container_path, read_only()});
  }
  return part;
}

void Parts::add_library(const driver::Library& library, CommonPart& part) const {
  if (!wants(library.serves)) return;
  if (library.is_32_bit && !wants(Capabilities::compat32)) return;
  const std::string& place = library.container_path.empty() ? library.path : library.container_path;
  part.edits.mounts.push_back({on_host(library.path), place, read_only()});
  add_links(library.links, part.library_links);
  // The loader looks for names such as libx.so.1; plug-ins without "lib" are opened by path.
  if (!path::base_name(place).starts_with("lib")) return;
  std::string folder(path::parent(place));
  if (std::ranges::find(part.library_folders, folder) == part.library_folders.end()) {
    part.library_folders.push_back(std::move(folder));
  }
}

void Parts::add_file(const driver::HostFile& file, spec::ContainerEdits& edits) const {
  const bool is_ipc = file.kind == FileKind::socket || file.kind == FileKind::directory;
  if (!wants(file.serves) || (is_ipc && !options_.ipc)) return;
  std::vector<std::string> options = read_only();
  // A client writes to a socket, and nothing there is a program.
  if (is_ipc) options = {"nosuid", "nodev", "rbind", "rprivate", "noexec"};
  edits.mounts.push_back({on_host(file.path), file.container_path, std::move(options)});
}

CommonPart Parts::common() const {
  CommonPart part;
  for (const HostDevice& device : inventory_.control) {
    if (device.path == control_node || wants(control_serves(device.path))) {
      add_node(device, part.edits);
    }
  }
  add_links(inventory_.extra_links, part.graphics_links);
  for (const driver::Library& library : inventory_.libraries) add_library(library, part);
  for (const driver::HostFile& file : inventory_.files) add_file(file, part.edits);
  spec::normalize(part.edits);
  if (!inventory_.library_directories.empty()) {
    part.edits.env.push_back(
        cat("NVIDIA_CTK_LIBCUDA_DIR=", join(inventory_.library_directories, ":")));
  }
  // A runtime inside the container, or a later hook, must not serve the request once more.
  part.edits.env.emplace_back("NVIDIA_VISIBLE_DEVICES=void");
  return part;
}

}  // namespace nvbox::plan
