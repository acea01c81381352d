#include "apply/make_capability_nodes.h"

#include <string_view>

#include "apply/make_node.h"
#include "base/path.h"
#include "base/text.h"
#include "driver/expected_nodes.h"
#include "sys/cgroup.h"

namespace nvbox::apply {
namespace {

size_t make_nodes_in(std::string_view directory, const driver::Roots& roots,
                     std::span<const unsigned> imex_channels, const Log& log) {
  if (sys::is_in_user_namespace()) return 0;
  size_t count = 0;
  for (const driver::ExpectedNode& node : driver::expected_nodes(roots.host, imex_channels).nodes) {
    if (path::parent(node.path) != directory || !node.may_be_made) continue;
    const auto state = look_at_node(roots.dev, node);
    if (!state || (*state != NodeState::missing && *state != NodeState::other_thing)) continue;
    const Result<> made = make_node(roots.dev, node);
    const auto now = look_at_node(roots.dev, node);
    if (now && *now == NodeState::right) ++count;
    if (!made) log.warning(cat("device node ", made.error().full_message()));
  }
  return count;
}

}  // namespace

size_t make_capability_nodes(const driver::Roots& roots, const Log& log) {
  return make_nodes_in("/dev/nvidia-caps", roots, {}, log);
}

size_t make_imex_channels(const driver::Roots& roots, std::span<const unsigned> channels,
                          const Log& log) {
  return make_nodes_in("/dev/nvidia-caps-imex-channels", roots, channels, log);
}

}  // namespace nvbox::apply
