#include "nvbox/apply/make_capability_nodes.h"

#include "nvbox/apply/make_node.h"
#include "nvbox/base/text.h"
#include "nvbox/driver/expected_nodes.h"
#include "nvbox/sys/cgroup.h"

namespace nvbox::apply {

size_t make_capability_nodes(const driver::Roots& roots, std::span<const unsigned> imex_channels,
                             const Log& log) {
  constexpr std::string_view prefix = "/dev/nvidia-caps";  // ...-imex-channels, too
  if (sys::is_in_user_namespace()) return 0;
  size_t count = 0;
  for (const driver::ExpectedNode& node : driver::expected_nodes(roots.host, imex_channels).nodes) {
    if (!node.path.starts_with(prefix) || !node.may_be_made) continue;
    const auto state = look_at_node(roots.dev, node);
    if (!state || (*state != NodeState::missing && *state != NodeState::other_thing)) continue;
    const Result<> made = make_node(roots.dev, node);
    const auto now = look_at_node(roots.dev, node);
    if (now && *now == NodeState::right) ++count;
    if (!made) log.warning(cat("device node ", made.error().full_message()));
  }
  return count;
}

}  // namespace nvbox::apply
