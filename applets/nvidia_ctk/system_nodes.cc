// Which nodes nvidia-ctk system makes and links.
#include <algorithm>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "nvidia_ctk/system.h"

namespace nvbox::applets::ctk_system {
namespace {

using driver::ExpectedNode;

constexpr std::string_view modeset_path = "/dev/nvidia-modeset";
constexpr unsigned modeset_minor = 254;

const ExpectedNode* find(std::span<const ExpectedNode> nodes, std::string_view path) {
  const auto found = std::ranges::find(nodes, path, &ExpectedNode::path);
  return found == nodes.end() ? nullptr : &*found;
}

// Other modules' nodes have majors of their own, so one link is one number.
bool has_number(const LinkedNode& left, const LinkedNode& right) {
  return left.major == right.major && left.minor == right.minor;
}

}  // namespace

ControlNodes control_nodes(std::span<const ExpectedNode> expected) {
  ControlNodes out;
  const ExpectedNode* const control = find(expected, "/dev/nvidiactl");
  if (control == nullptr) out.missing_modules.emplace_back("nvidia");
  if (control != nullptr) {
    out.nodes.push_back(*control);
    out.nodes.push_back(*control);
    out.nodes.back().path = modeset_path;
    out.nodes.back().minor = modeset_minor;
  }
  if (find(expected, "/dev/nvidia-uvm") == nullptr) out.missing_modules.emplace_back("nvidia-uvm");
  std::ranges::copy_if(expected, std::back_inserter(out.nodes), [](const ExpectedNode& node) {
    return node.path.starts_with("/dev/nvidia-uvm");
  });
  return out;
}

std::string mknod_command(std::string_view path, const ExpectedNode& node) {
  return cat("mknod -m ", octal_mode(node.mode), " ", path, " c ", node.major, " ", node.minor);
}

std::vector<LinkedNode> every_node(std::span<const driver::HostDevice> existing,
                                   std::span<const driver::ExpectedNode> expected,
                                   std::string_view mig_minors) {
  constexpr std::string_view capability = "/dev/nvidia-caps/nvidia-cap";
  constexpr std::string_view gpu = "/dev/nvidia";
  std::vector<LinkedNode> nodes;
  const auto add = [&](LinkedNode node) {
    const bool is_known = std::ranges::any_of(
        nodes, [&](const LinkedNode& known) { return has_number(known, node); });
    if (!is_known) nodes.push_back(std::move(node));
  };
  for (const auto& node : existing) add({node.path, node.major, node.minor});
  for (const auto& node : expected) add({node.path, node.major, node.minor});

  std::optional<unsigned> capability_major;
  std::vector<std::string> prefixes;
  for (const driver::ExpectedNode& node : expected) {
    if (node.path.starts_with(capability)) capability_major = node.major;
    const auto minor = parse_number<unsigned>(std::string_view(node.path).substr(gpu.size()));
    if (minor) prefixes.push_back(cat("gpu", *minor, "/"));
  }
  if (!capability_major) return nodes;
  for (const std::string_view line : split(mig_minors, '\n')) {
    const auto minor =
        parse_number<unsigned>(line.substr(std::min(line.rfind(' ') + 1, line.size())));
    const bool is_ours = std::ranges::any_of(
        prefixes, [&](const std::string& prefix) { return line.starts_with(prefix); });
    if (minor && is_ours) add({cat(capability, *minor), *capability_major, *minor});
  }
  return nodes;
}

}  // namespace nvbox::applets::ctk_system
