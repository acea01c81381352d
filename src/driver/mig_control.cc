#include "nvbox/driver/mig_control.h"

#include <algorithm>
#include <optional>
#include <set>

#include "driver/mig.h"
#include "nvbox/base/text.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view node_directory = "/dev/nvidia-caps";
constexpr std::string_view node_prefix = "nvidia-cap";

Result<HostDevice> open_node(const host::Root& dev, unsigned minor) {
  const std::string path = cat(node_directory, "/", node_prefix, minor);
  const auto node = NVBOX_TRY(dev.device(path));
  if (!node || node->type != 'c') {
    return Error(cat("stat failed: ", path, ": no such file or directory"))
        .hint("run nvidia-smi once, or use --load-kmods");
  }
  return HostDevice{path, node->major, node->minor, node->mode, node->gid};
}

// The minors of all nodes that exist.
Result<std::set<unsigned>> existing_minors(const host::Root& dev) {
  std::set<unsigned> minors;
  const auto names = NVBOX_TRY(dev.list(node_directory));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!name.starts_with(node_prefix)) continue;
    const auto minor = parse_number<unsigned>(std::string_view(name).substr(node_prefix.size()));
    if (minor) minors.insert(*minor);
  }
  return minors;
}

// Lines of mig-minors are "gpu0/gi7/ci0/access 75", for every instance that any GPU could have.
Result<std::vector<HostDevice>> nodes_of(const host::Root& dev, std::string_view mig_minors,
                                         unsigned gpu, const std::set<unsigned>& existing) {
  std::vector<HostDevice> nodes;
  const std::string prefix = cat("gpu", gpu, "/");
  for (const std::string_view line : split(mig_minors, '\n')) {
    const size_t blank = line.rfind(' ');
    if (!line.starts_with(prefix) || blank == std::string_view::npos) continue;
    const auto minor = parse_number<unsigned>(line.substr(blank + 1));
    if (!minor || !existing.contains(*minor)) continue;
    nodes.push_back(NVBOX_TRY(open_node(dev, *minor)));
  }
  return nodes;
}

}  // namespace

Result<MigControl> find_mig_control(const Roots& roots, std::string_view right,
                                    const std::vector<Gpu>& gpus) {
  MigControl out = {.file = cat("/proc/driver/nvidia/capabilities/mig/", right)};
  const auto text = NVBOX_TRY(roots.host.read(out.file));
  const auto minor = parse_capability_minor(text.value_or(""));
  if (!minor) {
    return Error(cat("open failed: ", out.file, ": no such file or directory"))
        .hint("the loaded driver offers no MIG");
  }
  out.node = NVBOX_TRY(open_node(roots.dev, *minor));
  const auto minors = NVBOX_TRY(roots.host.read("/proc/driver/nvidia-caps/mig-minors"));
  const std::set<unsigned> existing = NVBOX_TRY(existing_minors(roots.dev));
  for (const Gpu& gpu : gpus) {
    const std::string folder = cat("/proc/driver/nvidia/capabilities/gpu", gpu.minor, "/mig");
    const auto is_capable = NVBOX_TRY(roots.host.stat(folder));
    if (!is_capable) continue;
    auto nodes = NVBOX_TRY(nodes_of(roots.dev, minors.value_or(""), gpu.minor, existing));
    out.gpus.push_back({gpu.minor, std::move(nodes)});
  }
  return out;
}

}  // namespace nvbox::driver
