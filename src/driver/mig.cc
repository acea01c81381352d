#include "driver/mig.h"

#include <algorithm>
#include <utility>

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
  const std::string gpu = cat("/proc/driver/nvidia/capabilities/gpu", gpu_minor, "/mig");
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

}  // namespace nvbox::driver
