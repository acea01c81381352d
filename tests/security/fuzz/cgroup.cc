// /proc/PID/cgroup and /proc/self/mountinfo, in which a container's engine chooses names. Parts:
// the one and the other.
#include "sys/cgroup.h"

#include <algorithm>

#include "base/path.h"
#include "security/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const auto cgroup = sys::parse_device_cgroup(parts.next());
  for (const sys::CgroupMount& mount : sys::parse_cgroup_mounts(parts.next())) {
    fuzz::require(mount.root.size() <= size && mount.point.size() <= size,
                  "an escaped name is not longer than it is written");
    if (!cgroup) continue;
    const auto below = sys::path_in(mount, *cgroup);
    if (!below) continue;
    fuzz::require(!below->starts_with('/'), "the path is relative");
    for (const std::string_view part : path::components(*below)) {
      fuzz::require(part != "..", "the path stays below the mount");
    }
  }
  return 0;
}
