// The operations of a live injection, as data: what `configure` is about to do can be printed and
// compared before anything is touched.
#pragma once

#include <sys/types.h>

#include <string>
#include <variant>
#include <vector>

#include "sys/device_program.h"
#include "sys/mount.h"

namespace nvbox::apply {

// A file of a tmpfs that is made for the container.
struct TmpfsFile {
  std::string name;
  std::string text;
  mode_t mode = 0444;

  bool operator==(const TmpfsFile&) const = default;
};

// An empty tmpfs over `path`, with these files; its root has mode 0555.
struct MountTmpfs {
  std::string path;
  std::vector<TmpfsFile> files{};

  bool operator==(const MountTmpfs&) const = default;
};

// What a source has to be, and whether the container can do without it.
enum class Source { library_or_program, anything, anything_optional };

// A file, socket or directory of the host over `path`.
struct BindMount {
  std::string host_path;
  std::string path;
  sys::Restrictions restrictions = 0;
  Source source = Source::library_or_program;

  bool operator==(const BindMount&) const = default;
};

// A device node of the host over `path`, if it is the one that it is taken for.
struct BindNode {
  std::string host_path;
  std::string path;
  char type = 'c';
  unsigned major = 0;
  unsigned minor = 0;

  bool operator==(const BindNode&) const = default;
};

// A new device node; one that is there already is kept.
struct MakeNode {
  std::string path;
  char type = 'c';
  unsigned major = 0;
  unsigned minor = 0;
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;

  bool operator==(const MakeNode&) const = default;
};

// The container's cgroup allows these devices.
struct AllowDevices {
  std::vector<sys::DeviceRule> rules{};

  bool operator==(const AllowDevices&) const = default;
};

// The image's CUDA compatibility libraries of another major version than the driver's, over files
// of `library_directory`.
struct MountCompat {
  std::string compat_root;
  std::string library_directory;
  std::string driver_version;

  bool operator==(const MountCompat&) const = default;
};

struct MakeLink {
  std::string target;
  std::string link;

  bool operator==(const MakeLink&) const = default;
};

// The EGL profile for the nodes that the container has by then.
struct WriteProfile {
  bool operator==(const WriteProfile&) const = default;
};

// The loader's cache, with compatibility libraries in front when a driver or a CUDA version is
// given that they suit.
struct UpdateCache {
  std::vector<std::string> folders{};
  std::string compat_root{};
  std::string compat_driver{};
  std::string compat_cuda{};

  bool operator==(const UpdateCache&) const = default;
};

using Step = std::variant<MountTmpfs, BindMount, BindNode, MakeNode, MountCompat, AllowDevices,
                          MakeLink, WriteProfile, UpdateCache>;

// "bind /dev/nvidia0 (c 195:0) on /dev/nvidia0"
std::string describe(const Step& step);

}  // namespace nvbox::apply
