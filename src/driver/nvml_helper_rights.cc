#include "driver/nvml_helper_rights.h"

#include <unistd.h>
#include <algorithm>
#include <cerrno>

#include "base/path.h"
#include "base/text.h"
#include "driver/mig_control.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view device_directory = "/dev";
constexpr std::string_view prefix = "nvidia";

using Needs = std::vector<sys::NeededFile>;

Result<> add_instances(const Gpu& gpu, Needs& needs) {
  for (const Mig& mig : gpu.mig) {
    if (mig.is_guarded_by_files) {
      return Error(cat("files guard the MIG devices of GPU ", gpu.index), ENOTSUP);
    }
    for (const auto& node : {mig.gpu_instance_node, mig.compute_instance_node}) {
      if (node) needs.push_back({node->path, R_OK});
    }
  }
  return {};
}

// NVML lists the MIG devices of a GPU to those who may watch them all.
Result<> add_monitor(const Context& context, const std::vector<Gpu>& gpus, Needs& needs) {
  const bool has_mig = std::ranges::any_of(gpus, [](const Gpu& gpu) { return !gpu.mig.empty(); });
  if (!has_mig) return {};
  const auto monitor = NVBOX_TRY(find_mig_control(context.roots, "monitor", gpus));
  if (monitor && monitor->node) needs.push_back({monitor->node->path, R_OK});
  return {};
}

}  // namespace

std::vector<std::string> nvml_writes(const host::Root& root) {
  std::vector<std::string> places;
  const auto names = root.list(device_directory);
  if (!names || !*names) return places;
  for (const std::string& name : **names) {
    if (name.starts_with(prefix)) places.push_back(path::join(device_directory, name));
  }
  return places;
}

Result<Needs> nvml_needs(const Context& context, const Inventory& inventory,
                         const std::vector<std::string>& bus_ids, const std::string& library) {
  Needs needs = {{library, R_OK}, {"/dev/nvidiactl", R_OK | W_OK}};
  std::vector<Gpu> asked;
  for (const Gpu& gpu : inventory.gpus) {
    if (std::ranges::find(bus_ids, gpu.bus_id) == bus_ids.end()) continue;
    asked.push_back(gpu);
    if (gpu.node) needs.push_back({gpu.node->path, R_OK | W_OK});
    NVBOX_TRY(add_instances(gpu, needs));
  }
  NVBOX_TRY(add_monitor(context, asked, needs));
  return needs;
}

}  // namespace nvbox::driver
