#include "driver/mig_control.h"

#include <utility>

#include "base/text.h"
#include "driver/device_nodes.h"
#include "driver/mig.h"

namespace nvbox::driver {
namespace {

Error is_missing(std::string_view what, std::string_view path) {
  return Error(cat(what, ": ", path, ": no such file or directory"));
}

// GPUs that can do MIG have the folder even when MIG is off.
Result<std::vector<unsigned>> capable_minors(const host::Root& host, const std::vector<Gpu>& gpus) {
  std::vector<unsigned> minors;
  for (const Gpu& gpu : gpus) {
    const auto folder =
        NVBOX_TRY(host.stat(cat("/proc/driver/nvidia/capabilities/gpu", gpu.minor, "/mig")));
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
  MigControl out = {.file = cat("/proc/driver/nvidia/capabilities/mig/", right)};
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
