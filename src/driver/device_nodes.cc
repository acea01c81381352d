#include "driver/device_nodes.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>

#include "base/path.h"
#include "base/text.h"
#include "driver/context.h"
#include "driver/driver_files.h"

namespace nvbox::driver {
namespace {

struct ControlNode {
  std::string_view path;
  Capabilities serves;
  Capabilities core_of;
  std::string_view how_to_make;
};

constexpr Capabilities compute = Capabilities::compute;

constexpr ControlNode control[] = {
    {"/dev/nvidiactl", Capabilities::all, Capabilities::all, "nvidia-modprobe"},
    {"/dev/nvidia-uvm", compute, compute, "nvidia-modprobe -u -c 0"},
    {"/dev/nvidia-uvm-tools", compute, compute, "nvidia-modprobe -u -c 0"},
    {"/dev/nvidia-modeset", graphical, Capabilities::none, "nvidia-modprobe -m"},
};

Result<std::optional<HostDevice>> character_device(const Context& context,
                                                   const std::string& path) {
  const auto node = NVBOX_TRY(context.roots.dev.device(path));
  if (!node || node->type != 'c') return std::nullopt;
  return std::optional(HostDevice{path, node->major, node->minor, node->mode, node->gid});
}

// The paths of a directory's names that begin with `prefix`, by the number that follows it.
std::vector<std::string> numbered_paths(const Context& context, std::string_view directory,
                                        std::string_view prefix) {
  std::vector<std::pair<std::optional<unsigned>, std::string>> found;
  const auto names = context.or_problem(context.roots.dev.list(directory));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    found.emplace_back(parse_number<unsigned>(rest), path::join(directory, name));
  }
  std::ranges::sort(found);
  std::vector<std::string> paths;
  paths.reserve(found.size());
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

// Majors of nvidia-uvm are given out anew at each boot; a node from another boot, or from an image,
// opens another device.
void check_uvm_major(const Context& context, const std::vector<HostDevice>& nodes) {
  const auto node = std::ranges::find_if(
      nodes, [](const HostDevice& device) { return device.path.starts_with("/dev/nvidia-uvm"); });
  if (node == nodes.end()) return;
  const auto major = read_major(context, "nvidia-uvm");
  if (!major || *major == node->major) return;
  context.problem(cat(node->path, " has major ", node->major, ", but the driver's is ", *major,
                      "; remove the node and run 'nvidia-modprobe -u -c 0'"));
}

}  // namespace

std::optional<unsigned> parse_major(std::string_view devices, std::string_view name) {
  bool is_character = false;
  for (const std::string_view line : split(devices, '\n')) {
    if (line.ends_with(':')) is_character = line == "Character devices:";
    const std::string_view entry = trim(line);
    const size_t blank = entry.find(' ');
    if (!is_character || blank == std::string_view::npos) continue;
    if (trim(entry.substr(blank)) == name) return parse_number<unsigned>(entry.substr(0, blank));
  }
  return std::nullopt;
}

std::optional<unsigned> read_major(const Context& context, std::string_view name) {
  const auto text = context.or_problem(context.roots.host.read("/proc/devices"));
  return parse_major(text.value_or(""), name);
}

Result<std::optional<HostDevice>> read_node(const Context& context, const std::string& path) {
  auto node = NVBOX_TRY(character_device(context, path));
  const host::Root& dev = context.roots.dev;
  if (!node && NVBOX_TRY(dev.stat(path))) {
    return Error(cat(path::join(dev.path(), path), " is not a character device"));
  }
  return node;
}

std::optional<HostDevice> find_node(const Context& context, const std::string& path) {
  return context.or_problem(read_node(context, path));
}

std::vector<HostDevice> nodes_like(const Context& context, std::string_view pattern) {
  std::vector<std::string> paths = {std::string(pattern)};
  if (pattern.ends_with('*')) {
    std::string_view prefix = path::base_name(pattern);
    prefix.remove_suffix(1);
    paths = numbered_paths(context, path::parent(pattern), prefix);
  }
  std::vector<HostDevice> nodes;
  for (const std::string& path : paths) {
    if (auto node = context.or_problem(character_device(context, path))) {
      nodes.push_back(*std::move(node));
    }
  }
  return nodes;
}

std::vector<HostDevice> control_nodes(const Context& context) {
  std::vector<HostDevice> nodes;
  for (const ControlNode& row : control) {
    if (row.serves != Capabilities::all && !context.wants(row.serves)) continue;
    auto node = read_node(context, std::string(row.path));
    if (!node) {
      context.core_failure(row.path, row.core_of, node.error());
    } else if (*node) {
      nodes.push_back(**std::move(node));
    } else {
      context.problem(cat(path::join(context.roots.dev.path(), row.path),
                          " does not exist; create it with '", row.how_to_make, "'"));
    }
  }
  check_uvm_major(context, nodes);
  return nodes;
}

std::vector<HostDevice> imex_channels(const Context& asked) {
  const Context context = asked.with(Problem::Kind::imex_channel);
  constexpr std::string_view directory = "/dev/nvidia-caps-imex-channels";
  std::vector<std::pair<unsigned, std::string>> channels;
  const auto names = context.or_problem(context.roots.dev.list(directory));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!name.starts_with("channel")) continue;
    const auto number = parse_number<unsigned>(std::string_view(name).substr(7));
    if (number) channels.emplace_back(*number, path::join(directory, name));
  }
  std::ranges::sort(channels);
  std::vector<HostDevice> nodes;
  for (const auto& [number, path] : channels) {
    if (auto node = find_node(context, path)) nodes.push_back(*std::move(node));
  }
  return nodes;
}

namespace {

constexpr std::string_view patterns[] = {"/dev/nvidia*", "/dev/nvidia-caps/nvidia-cap*",
                                         "/dev/nvidia-caps-imex-channels/channel*"};

constexpr std::string_view left_out[] = {"/dev/nvidia-fs", "/dev/nvidia-nvswitch",
                                         "/dev/nvidia-nvlink"};

bool is_left_out(const HostDevice& node) {
  return std::ranges::any_of(
      left_out, [&](std::string_view beginning) { return node.path.starts_with(beginning); });
}

}  // namespace

ManagementNodes discover_management_nodes(const Roots& roots) {
  ManagementNodes out;
  const Search search;
  const Need need;
  std::vector<CoreFailure> none;  // these are nodes that nobody needs all of
  const Context context = {roots, search, need, out.problems, none};
  for (const std::string_view pattern : patterns) {
    std::ranges::move(nodes_like(context, pattern), std::back_inserter(out.nodes));
  }
  std::erase_if(out.nodes, is_left_out);
  std::ranges::sort(out.nodes, {}, [](const HostDevice& node) {
    return std::tuple(path::components(node.path).size(), node.path);
  });
  return out;
}

}  // namespace nvbox::driver
