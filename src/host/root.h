// A directory that paths cannot leave: the host, the driver root, the dev root, and a container's
// root filesystem. Symbolic links, absolute ones too, are resolved inside it by the kernel
// (openat2, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) or, where the kernel or a seccomp filter does
// not have that call, by a walker that opens one component at a time.
//
// Every path below a root is written with or without a leading slash; both mean the same. Absence
// is normal for most files of a driver, so it is nullopt, never an error.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::host {

// A device node's identity and access.
struct DeviceNumber {
  char type;  // 'c' or 'b'
  unsigned major;
  unsigned minor;
  mode_t mode;  // permission bits only
  uid_t uid;
  gid_t gid;
};

// Fixtures of tests stand for device nodes with regular files that hold "c 195:0", because
// mknod is denied in user namespaces.
enum class Nodes { real, written };

// A relative path counts from the current directory of this process.
Result<std::string> absolute_path(const std::string& path);

class Root {
 public:
  static constexpr size_t default_limit = size_t{16} * 1024 * 1024;

  static Result<Root> open(const std::string& directory, Nodes nodes = Nodes::real);

  // A container's root: what may be changed below it is said in leave_to_change.h.
  static Result<Root> open_container(const std::string& directory);
  bool is_container() const { return is_container_; }

  // The kernel's name of the directory: "/" or "/run/nvidia/driver", links resolved.
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }

  // Opens with open(2) flags; O_CLOEXEC is added. Blocking on a FIFO is impossible: O_NONBLOCK is
  // added unless O_PATH is given. ENOENT, ENOTDIR and ELOOP come back as errors like all others.
  Result<sys::Fd> open_at(std::string_view path, int flags, mode_t mode = 0) const;

  // The content of a regular file; nullopt when it does not exist. EFBIG beyond `limit` bytes.
  Result<std::optional<std::string>> read(std::string_view path,
                                          size_t limit = default_limit) const;

  // Sorted names in a directory; nullopt when it does not exist.
  Result<std::optional<std::vector<std::string>>> list(std::string_view directory) const;

  // What is there after following links; nullopt when it does not exist.
  Result<std::optional<struct stat>> stat(std::string_view path) const;

  // The path below the root with every link resolved ("/usr/lib/x.so.1" -> "/usr/lib/x.so.1.2.3");
  // nullopt when it does not exist.
  Result<std::optional<std::string>> resolve(std::string_view path) const;

  // The text of a symbolic link (its parents followed inside the root); nullopt when there is no
  // such link.
  Result<std::optional<std::string>> read_link(std::string_view path) const;

  // A device node, not following a link at the last component; nullopt when there is none.
  Result<std::optional<DeviceNumber>> device(std::string_view path) const;

 private:
  Root(sys::Fd fd, std::string path, Nodes nodes)
      : fd_(std::move(fd)), path_(std::move(path)), nodes_(nodes) {}

  sys::Fd fd_;
  std::string path_;
  Nodes nodes_;
  bool is_container_ = false;
};

// Whether an error only says that nothing is there: ENOENT, ENOTDIR, or a loop of links.
bool is_absence(const Error& error);

// Whether an image's path leads to nothing that counts: absence, or EACCES, which the kernel says
// of a link in /proc to what belongs to a process that this one may not trace (proc(5),
// /proc/PID/root).
bool leads_nowhere(const Error& error);

// Like openat2(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), except that it
// does not notice when somebody moves a directory it is in out of the root during the walk: it ends
// below that directory, or with ".." at the place inside the root that it came from.
Result<sys::Fd> walk_in_root(int root, std::string_view path, int flags, mode_t mode);

}  // namespace nvbox::host
