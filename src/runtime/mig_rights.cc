#include "nvbox/runtime/mig_rights.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"

namespace nvbox::runtime {
namespace {

void add(const driver::HostDevice& device, const std::string& dev_root,
         spec::ContainerEdits& edits) {
  std::vector<spec::DeviceNode>& nodes = edits.nodes;
  if (std::ranges::find(nodes, device.path, &spec::DeviceNode::path) != nodes.end()) return;
  nodes.push_back({.path = device.path,
                   .host_path = dev_root == "/" ? "" : path::join(dev_root, device.path),
                   .major = device.major,
                   .minor = device.minor,
                   .file_mode = device.mode});
  if (device.gid != 0) nodes.back().gid = device.gid;
}

}  // namespace

Result<std::vector<driver::MigControl>> find_mig_rights(const MigRights& rights,
                                                        const driver::Roots& roots,
                                                        const std::vector<driver::Gpu>& gpus) {
  const std::pair<std::string_view, const std::string&> rows[] = {{"config", rights.config},
                                                                  {"monitor", rights.monitor}};
  std::vector<driver::MigControl> controls;
  for (const auto& [right, value] : rows) {
    if (value.empty()) continue;
    const std::string context = cat("mig-", right, " error");
    if (value != "all") {
      return Error(cat(printable(value), ": only 'all' devices are currently supported"))
          .in(context);
    }
    controls.push_back(NVBOX_TRY(driver::find_mig_control(roots, right, gpus).in(context)));
  }
  return controls;
}

void add_nodes(const std::vector<driver::MigControl>& controls, const std::string& dev_root,
               spec::ContainerEdits& edits) {
  for (const driver::MigControl& control : controls) {
    add(control.node, dev_root, edits);
    for (const driver::MigControl::OfGpu& gpu : control.gpus) {
      for (const driver::HostDevice& node : gpu.nodes) add(node, dev_root, edits);
    }
  }
}

}  // namespace nvbox::runtime
