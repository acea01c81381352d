// Which cgroup controls a process' access to devices. With cgroup v1, or v1 and v2 side by side
// (hybrid), it is the one in the hierarchy of the controller `devices`; otherwise the one in the v2
// hierarchy, where programs attached to it decide (sys/bpf.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"
#include "sys/namespaces.h"

namespace nvbox::sys {

enum class CgroupVersion { v1, v2 };

// A cgroup by its path from the root of its hierarchy, as this process' cgroup namespace shows it:
// "/.." is above the namespace's root.
struct Cgroup {
  CgroupVersion version = CgroupVersion::v2;
  std::string path;

  bool operator==(const Cgroup&) const = default;
};

// From the text of /proc/PID/cgroup; nullopt when neither hierarchy is there.
std::optional<Cgroup> parse_device_cgroup(std::string_view text);

// Where a hierarchy that can control devices is mounted.
struct CgroupMount {
  CgroupVersion version = CgroupVersion::v2;
  std::string root;   // the cgroup that the mount shows
  std::string point;  // where it shows it

  bool operator==(const CgroupMount&) const = default;
};

// From the text of /proc/self/mountinfo, in its order.
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view text);

// The cgroup's path below a mount point ("" is the mount point itself); nullopt when the mount does
// not show it.
std::optional<std::string> path_in(const CgroupMount& mount, const Cgroup& cgroup);

struct OpenCgroup {
  Cgroup cgroup;
  Fd directory;
};

// The directory of the cgroup that controls the process' devices. The error for a cgroup that is
// not visible here, or a process that is gone, has the code ENOENT or ESRCH.
Result<OpenCgroup> open_device_cgroup(const Process& process);

// Whether this process is in a user namespace other than the machine's first, so that the kernel
// gives it no say over devices.
bool is_in_user_namespace();

}  // namespace nvbox::sys
