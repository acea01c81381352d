#include "driver/mig.h"

#include <algorithm>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "driver/device_nodes.h"

namespace nvbox::driver {
namespace {

// The numbers N of the entries called `prefix`N, in their order.
std::vector<unsigned> list_numbered(const Context& context, const std::string& folder,
                                    std::string_view prefix) {
  std::vector<unsigned> numbers;
  const auto names = context.or_problem(context.roots.host.list(folder));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!name.starts_with(prefix)) continue;
    const auto number = parse_number<unsigned>(std::string_view(name).substr(prefix.size()));
    if (number) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

ino_t inode_of(const Context& context, const std::string& folder) {
  const auto status = context.or_problem(context.roots.host.stat(folder));
  return status ? status->st_ino : 0;
}

}  // namespace

std::optional<unsigned> parse_capability_minor(std::string_view text) {
  constexpr std::string_view key = "DeviceFileMinor:";
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(key)) return parse_number<unsigned>(trim(line.substr(key.size())));
  }
  return std::nullopt;
}

std::optional<unsigned> MigNodes::major() {
  if (!major_) major_ = read_major(context_, "nvidia-caps");
  return *major_;
}

std::optional<HostDevice> MigNodes::node_for(const std::string& folder) {
  const std::string file = cat(folder, "/access");
  const auto text = context_.or_problem(context_.roots.host.read(file));
  const auto minor = parse_capability_minor(text.value_or(""));
  if (!minor) {
    context_.problem(cat(file, " names no device minor"));
    return std::nullopt;
  }
  auto node = find_node(context_, cat("/dev/nvidia-caps/nvidia-cap", *minor));
  if (!node || (node->minor == *minor && node->major == major().value_or(node->major))) return node;
  // Majors of nvidia-caps are given out anew at each boot.
  context_.problem(cat(node->path, " is device ", node->major, ":", node->minor, ", not ",
                       major().value_or(node->major), ":", *minor));
  return std::nullopt;
}

std::vector<Mig> MigNodes::of(unsigned gpu_minor) {
  std::vector<Mig> out;
  const std::string gpu = path::join(capabilities_directory, mig_folder(gpu_minor));
  for (const unsigned gpu_instance : list_numbered(context_, gpu, "gi")) {
    const std::string instance = cat(gpu, "/gi", gpu_instance);
    const std::vector<unsigned> compute_instances = list_numbered(context_, instance, "ci");
    if (compute_instances.empty()) continue;
    const auto instance_node = node_for(instance);
    for (const unsigned compute_instance : compute_instances) {
      out.push_back({.gpu_instance = gpu_instance,
                     .compute_instance = compute_instance,
                     .gpu_instance_node = instance_node,
                     .compute_instance_node = node_for(cat(instance, "/ci", compute_instance))});
      out.back().inode = inode_of(context_, cat(instance, "/ci", compute_instance));
      // The module's parameter nv_cap_enable_devfs=0, and the first drivers with MIG.
      out.back().is_guarded_by_files =
          !instance_node && !out.back().compute_instance_node && !major();
    }
  }
  return out;
}

namespace {

Error is_missing(std::string_view what, std::string_view path) {
  return Error(cat(what, ": ", path, ": no such file or directory"));
}

// GPUs that can do MIG have the folder even when MIG is off.
Result<std::vector<unsigned>> capable_minors(const host::Root& host, const std::vector<Gpu>& gpus) {
  std::vector<unsigned> minors;
  for (const Gpu& gpu : gpus) {
    const auto folder =
        NVBOX_TRY(host.stat(path::join(capabilities_directory, mig_folder(gpu.minor))));
    if (folder) minors.push_back(gpu.minor);
  }
  return minors;
}

class NodeFinder {
 public:
  // `major` is the one that the kernel gave to nvidia-caps.
  NodeFinder(const host::Root& dev, unsigned major) : dev_(dev), major_(major) {}

  Result<HostDevice> find(unsigned minor) const {
    HostDevice out = {
        .path = cat(mig_node_directory, "/nvidia-cap", minor), .major = major_, .minor = minor};
    const auto node = NVBOX_TRY(dev_.device(out.path));
    if (node && node->major == major_ && node->minor == minor) {
      out.mode = node->mode;
      out.gid = node->gid;
    }
    return out;
  }

  // Lines of mig-minors are "gpu0/gi7/ci0/access 75".
  Result<std::vector<HostDevice>> find_all(std::string_view mig_minors, unsigned gpu) const {
    std::vector<HostDevice> nodes;
    const std::string prefix = cat("gpu", gpu, "/");
    for (const std::string_view line : split(mig_minors, '\n')) {
      const size_t blank = line.rfind(' ');
      if (!line.starts_with(prefix) || blank == std::string_view::npos) continue;
      const auto minor = parse_number<unsigned>(line.substr(blank + 1));
      if (minor) nodes.push_back(NVBOX_TRY(find(*minor)));
    }
    return nodes;
  }

 private:
  const host::Root& dev_;
  unsigned major_;
};

Result<> find_nodes(const Roots& roots, unsigned major, unsigned minor, MigControl& control) {
  const auto directory = NVBOX_TRY(roots.dev.stat(mig_node_directory));
  if (!directory) {
    return is_missing("stat failed", mig_node_directory)
        .hint("run nvidia-smi once, or use --load-kmods");
  }
  const NodeFinder finder(roots.dev, major);
  control.node = NVBOX_TRY(finder.find(minor));
  const auto text = NVBOX_TRY(roots.host.read("/proc/driver/nvidia-caps/mig-minors"));
  for (MigControl::OfGpu& gpu : control.gpus) {
    gpu.nodes = NVBOX_TRY(finder.find_all(text.value_or(""), gpu.minor));
  }
  return {};
}

}  // namespace

Result<std::optional<MigControl>> find_mig_control(const Roots& roots, std::string_view right,
                                                   const std::vector<Gpu>& gpus) {
  const std::vector<unsigned> minors = NVBOX_TRY(capable_minors(roots.host, gpus));
  if (minors.empty()) return std::optional<MigControl>();
  MigControl out = {.file = cat(capabilities_directory, "/mig/", right)};
  for (const unsigned minor : minors) out.gpus.push_back({.minor = minor});
  const auto text = NVBOX_TRY(roots.host.read(out.file));
  const auto node = parse_capability_minor(text.value_or(""));
  if (!node) return is_missing("open failed", out.file).hint("the loaded driver offers no MIG");
  const auto devices = NVBOX_TRY(roots.host.read("/proc/devices"));
  const auto major = parse_major(devices.value_or(""), "nvidia-caps");
  if (major) NVBOX_TRY(find_nodes(roots, *major, *node, out));
  return std::optional(std::move(out));
}

}  // namespace nvbox::driver
