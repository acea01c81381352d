#include "driver/management_nodes.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>

#include "base/path.h"
#include "driver/context.h"
#include "driver/device_nodes.h"

namespace nvbox::driver {
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
