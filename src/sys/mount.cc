#include "sys/mount.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include <algorithm>
#include <string>

#include "base/text.h"
#include "sys/capabilities.h"
#include "sys/file.h"
#include "sys/mount_legacy.h"

namespace nvbox::sys {
namespace {

constexpr size_t most_fdinfo_bytes = size_t{64} * 1024;

// 0 or an errno. Without restrictions it only makes the mount private.
int set_attributes(int mount_root, Restrictions restrictions) {
  struct mount_attr attributes {};
  attributes.attr_set = restrictions;
  attributes.propagation = MS_PRIVATE;
  return mount_setattr(mount_root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 ? 0
                                                                                           : errno;
}

// A mount that came to lie on a shared one became shared itself, so this follows attaching.
Result<> settle(int mount_root, Restrictions restrictions) {
  const int failure = set_attributes(mount_root, restrictions);
  if (failure == 0) return {};
  if (!is_missing_call(failure)) return Error("set the attributes of a mount", failure);
  if (restrictions != 0) NVBOX_TRY(restrict_legacy(mount_root, restrictions));
  return make_private_legacy(mount_root);
}

// 0 or an errno.
int move_to(int detached, int target) {
  return move_mount(detached, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ==
                 0
             ? 0
             : errno;
}

// A detached tmpfs; empty with an errno.
Fd make_tmpfs(size_t bytes) {
  const Fd context(fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context) return {};
  const auto set = [&context](const char* key, const std::string& value) {
    return fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
  };
  // The source is what people see in /proc/self/mountinfo.
  if (!set("source", "nvbox") || !set("mode", "0755") || !set("size", cat(bytes)) ||
      fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return {};
  }
  return Fd(fsmount(context.get(), FSMOUNT_CLOEXEC,
                    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
}

// Kernels before 5.8 say it there (proc(5)). Before 5.14 the directory is closed to all but root.
Result<std::uint64_t> mount_id_of_proc(int fd) {
  const std::string name = cat("/proc/self/fdinfo/", fd);
  const Result<Raised> raised = Raised::raise({CAP_DAC_READ_SEARCH});
  const Fd file = NVBOX_TRY(open_path(name, O_RDONLY));
  const std::string text = NVBOX_TRY(read_all(file.get(), most_fdinfo_bytes).in(name));
  for (const std::string_view line : split(text, '\n')) {
    constexpr std::string_view member = "mnt_id:";
    if (!line.starts_with(member)) continue;
    if (const auto id = parse_number<std::uint64_t>(trim(line.substr(member.size())))) return *id;
  }
  return Error(cat(name, " names no mount"));
}

constexpr const char* covering_name = "file";

Result<Fd> make_file(int directory, std::string_view text, mode_t mode) {
  Fd file(
      openat(directory, covering_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) return Error("create the covering file", errno);
  if (fchmod(file.get(), mode) != 0) return Error("set the mode of the covering file", errno);
  NVBOX_TRY(write_all(file.get(), text).in("the covering file"));
  Fd source(openat(directory, covering_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!source) return Error("open the covering file", errno);
  return source;
}

}  // namespace

Result<std::uint64_t> mount_id(int fd) {
  struct statx status {};
  const bool is_told = statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) == 0 &&
                       (status.stx_mask & STATX_MNT_ID) != 0;
  if (is_told) return std::uint64_t{status.stx_mnt_id};
  return mount_id_of_proc(fd);
}

Result<MountFd> clone_mount(Fd source, Restrictions restrictions, Below below) {
  MountFd mount;
  mount.restrictions_ = restrictions;
  const unsigned depth = below == Below::shown ? AT_RECURSIVE : 0;
  mount.clone_ =
      Fd(open_tree(source.get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | depth));
  const bool has_fallback = below == Below::hidden && is_missing_call(errno);
  if (!mount.clone_ && !has_fallback) return Error("clone a mount", errno);
  if (mount.clone_) {
    const int failure = set_attributes(mount.clone_.get(), restrictions);
    mount.is_restricted_ = failure == 0;
    if (failure != 0 && !is_missing_call(failure)) return Error("restrict a mount", failure);
  }
  mount.source_ = std::move(source);
  return mount;
}

Result<> attach(MountFd mount, int target) {
  const int failure = mount.clone_ ? move_to(mount.clone_.get(), target) : ENOSYS;
  if (failure == 0) {
    Result<> settled = settle(mount.clone_.get(), mount.is_restricted_ ? 0 : mount.restrictions_);
    if (!settled) (void)detach(mount.clone_.get());
    return settled;
  }
  if (!is_missing_call(failure)) return Error("attach a mount", failure);
  return bind_legacy(mount.source_.get(), target, mount.restrictions_);
}

Result<Fd> attach_and_open(MountFd mount, int target) {
  const int failure = mount.clone_ ? move_to(mount.clone_.get(), target) : ENOSYS;
  if (failure == 0) {
    Result<> settled = settle(mount.clone_.get(), mount.is_restricted_ ? 0 : mount.restrictions_);
    if (settled) return std::move(mount.clone_);
    (void)detach(mount.clone_.get());
    return std::move(settled).error();
  }
  if (!is_missing_call(failure)) return Error("attach a mount", failure);
  return bind_and_open_legacy(mount.source_.get(), target, mount.restrictions_);
}

bool has_detached_mounts() {
  // Each call with arguments that it refuses only after the kernel and every filter let it in.
  const auto exists = [](long result) { return result >= 0 || !is_missing_call(errno); };
  return exists(open_tree(-1, "", AT_EMPTY_PATH | OPEN_TREE_CLONE)) &&
         exists(move_mount(-1, "", -1, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) &&
         exists(fsopen("", 0)) && exists(fsconfig(-1, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0)) &&
         exists(fsmount(-1, 0, 0));
}

Result<Fd> mount_tmpfs(int target, size_t bytes) {
  Fd root = make_tmpfs(bytes);
  const int failure = root ? move_to(root.get(), target) : errno;
  if (is_missing_call(failure)) return mount_tmpfs_legacy(target, bytes);
  if (failure != 0) return Error("mount a tmpfs", failure);
  if (Result<> settled = settle(root.get(), 0); !settled) {
    (void)detach(root.get());
    return std::move(settled).error();
  }
  return root;
}

Result<> restrict_mount(int mount_root, Restrictions restrictions) {
  return settle(mount_root, restrictions);
}

Result<> detach(int mount_root) {
  if (umount2(proc_path(mount_root).c_str(), MNT_DETACH) != 0) return Error("unmount", errno);
  return {};
}

namespace {

// A tmpfs with one file, over the directory `scratch`.
class Covering {
 public:
  static Result<Covering> make(int scratch, std::string_view text, mode_t mode) {
    // A size of 0 would mean no limit.
    Covering covering(NVBOX_TRY(mount_tmpfs(scratch, std::max<size_t>(text.size(), 1))));
    covering.file_ = NVBOX_TRY(make_file(covering.root(), text, mode));
    // A bind has the flags of the mount that it shows a part of, so this saves the fallback from
    // changing the bind, which it could not find under the tmpfs.
    NVBOX_TRY(restrict_mount(covering.root(), data_only));
    return covering;
  }
  Covering(Covering&&) noexcept = default;
  Covering& operator=(Covering&&) = delete;
  ~Covering() {
    if (root_) (void)detach(root_.get());
  }

  int root() const { return root_.get(); }
  // Stays where it is from then on.
  void keep() { root_.reset(); }

  Result<> cover(int target) {
    return attach(NVBOX_TRY(clone_mount(std::move(file_), data_only)), target);
  }
  Result<> cover(int directory, const std::string& name) {
    const Fd target(openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!target) return Error(cat("open ", name), errno);
    return cover(target.get());
  }

 private:
  explicit Covering(Fd root) : root_(std::move(root)) {}

  Fd root_;
  Fd file_{};
};

}  // namespace

Result<> cover_file(int target, int scratch, std::string_view text, mode_t mode) {
  Covering covering = NVBOX_TRY(Covering::make(scratch, text, mode));
  return covering.cover(target);
}

Result<> cover_file_in(int directory, const std::string& name, std::string_view text, mode_t mode) {
  Fd shown(fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!shown) return Error("duplicate descriptor", errno);
  MountFd again = NVBOX_TRY(clone_mount(std::move(shown), 0, Below::shown));
  Covering covering = NVBOX_TRY(Covering::make(directory, text, mode));
  const Fd visible = NVBOX_TRY(attach_and_open(std::move(again), covering.root()));
  Result<> covered = covering.cover(visible.get(), name);
  // What lies on top goes first: umount2(2) takes the topmost mount of a place.
  if (!covered) (void)detach(visible.get());
  if (covered) covering.keep();
  return covered;
}

}  // namespace nvbox::sys
