#include "nvbox/runtime/mig_rights.h"

#include <algorithm>
#include <array>
#include <string_view>

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

struct Right {
  std::string_view name;
  const std::string& value;

  std::string context() const { return cat("mig-", name, " error"); }
};

std::array<Right, 2> rights_in(const MigRights& rights) {
  return {{{"config", rights.config}, {"monitor", rights.monitor}}};
}

}  // namespace

Result<> check_mig_rights(const MigRights& rights) {
  for (const Right& right : rights_in(rights)) {
    if (right.value.empty() || right.value == "all") continue;
    return Error(cat(printable(right.value), ": only 'all' devices are currently supported"))
        .in(right.context());
  }
  return {};
}

Result<std::vector<driver::MigControl>> find_mig_rights(const MigRights& rights,
                                                        const driver::Roots& roots,
                                                        const std::vector<driver::Gpu>& gpus) {
  NVBOX_TRY(check_mig_rights(rights));
  std::vector<driver::MigControl> controls;
  for (const Right& right : rights_in(rights)) {
    if (right.value.empty()) continue;
    controls.push_back(
        NVBOX_TRY(driver::find_mig_control(roots, right.name, gpus).in(right.context())));
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
