#include "runtime/mig_rights.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"
#include "nvbox/driver/mig_control.h"

namespace nvbox::runtime {
namespace {

void add_nodes(const std::vector<driver::HostDevice>& devices, const std::string& dev_root,
               spec::ContainerEdits& edits) {
  for (const driver::HostDevice& device : devices) {
    if (std::ranges::find(edits.nodes, device.path, &spec::DeviceNode::path) != edits.nodes.end()) {
      continue;
    }
    edits.nodes.push_back({.path = device.path,
                           .host_path = dev_root == "/" ? "" : path::join(dev_root, device.path),
                           .major = device.major,
                           .minor = device.minor,
                           .file_mode = device.mode});
  }
}

}  // namespace

Result<> add_mig_rights(const plan::Request& request, const driver::Roots& roots,
                        const Choice& choice, spec::ContainerEdits& edits) {
  const std::pair<std::string_view, const std::string&> rows[] = {{"config", request.mig_config},
                                                                  {"monitor", request.mig_monitor}};
  std::vector<driver::Gpu> gpus;
  for (const size_t position : plan::gpus_of(choice.selection)) {
    gpus.push_back(choice.inventory.gpus[position]);
  }
  for (const auto& [right, value] : rows) {
    if (value.empty()) continue;
    if (value != "all") {
      return Error(cat("mig-", right, ": ", quote(value), ": only \"all\" devices are supported"));
    }
    const driver::MigControl control =
        NVBOX_TRY(driver::find_mig_control(roots, right, gpus).in(cat("mig-", right)));
    const std::string& dev_root = choice.inventory.driver.dev_root;
    add_nodes({control.node}, dev_root, edits);
    for (const driver::MigControl::OfGpu& gpu : control.gpus) add_nodes(gpu.nodes, dev_root, edits);
  }
  return {};
}

}  // namespace nvbox::runtime
