#include "sys/mount_legacy.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <cerrno>

#include <string>

#include "base/text.h"
#include "sys/file.h"

namespace nvbox::sys {
namespace {

// One flag in its three spellings: of mount_setattr(2), mount(2) and statvfs(3).
struct Flag {
  Restrictions restriction;
  unsigned long mount;
  unsigned long status;
};

constexpr Flag flag_table[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY},
    {MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID},
    {MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV},
    {MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC},
    {MOUNT_ATTR_NOATIME, MS_NOATIME, ST_NOATIME},
    {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME},
    {0, MS_RELATIME, ST_RELATIME},
};

// The flags of a mount for a remount that adds `restrictions`. It must repeat the old ones: a user
// namespace may not drop them (mount_namespaces(7)).
Result<unsigned long> flags_with(int fd, Restrictions restrictions) {
  struct statvfs status {};
  if (fstatvfs(fd, &status) != 0) return Error("read the flags of a mount", errno);
  unsigned long out = 0;
  for (const Flag& flag : flag_table) {
    if ((status.f_flag & flag.status) != 0 || (restrictions & flag.restriction) != 0) {
      out |= flag.mount;
    }
  }
  return out;
}

Result<Restrictions> restrictions_of(int fd) {
  struct statvfs status {};
  if (fstatvfs(fd, &status) != 0) return Error("read the flags of a mount", errno);
  Restrictions out = 0;
  for (const Flag& flag : flag_table) {
    if ((status.f_flag & flag.status) != 0) out |= flag.restriction;
  }
  return out;
}

// `target` still refers to what is covered now; the way to the root of the new mount is its path.
Result<Fd> find_mounted_on(int target) {
  const std::string path = NVBOX_TRY(path_of(target));
  return open_path(path, O_PATH | O_NOFOLLOW).in("find the new mount");
}

Result<struct stat> status_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return Error("stat a mount", errno);
  return status;
}

Result<Fd> finish_bind(int source, int target, Restrictions restrictions) {
  Fd root = NVBOX_TRY(find_mounted_on(target));
  const struct stat expected = NVBOX_TRY(status_of(source));
  const struct stat found = NVBOX_TRY(status_of(root.get()));
  if (found.st_dev != expected.st_dev || found.st_ino != expected.st_ino) {
    return Error("the new mount was exchanged for something else");
  }
  NVBOX_TRY(restrict_legacy(root.get(), restrictions));
  NVBOX_TRY(make_private_legacy(root.get()));
  return root;
}

Result<Fd> finish_tmpfs(int target) {
  Fd root = NVBOX_TRY(find_mounted_on(target));
  const struct stat covered = NVBOX_TRY(status_of(target));
  const struct stat found = NVBOX_TRY(status_of(root.get()));
  struct statfs filesystem {};
  if (fstatfs(root.get(), &filesystem) != 0) return Error("stat a mount", errno);
  if (filesystem.f_type != TMPFS_MAGIC || found.st_dev == covered.st_dev) {
    return Error("the new tmpfs was exchanged for something else");
  }
  NVBOX_TRY(make_private_legacy(root.get()));
  return root;
}

// For what cannot be found again under its name: undoing needs no more than the place.
void undo_mount(int target) {
  if (const Result<std::string> path = path_of(target)) {
    umount2(path->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
}

}  // namespace

bool is_missing_call(int errno_value) {
  return errno_value == ENOSYS || errno_value == EPERM;
}

Result<> bind_legacy(int source, int target, Restrictions restrictions) {
  const Restrictions inherited = NVBOX_TRY(restrictions_of(source));
  if (mount(proc_path(source).c_str(), proc_path(target).c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return Error("bind mount", errno);
  }
  // A bind has the flags of the mount that it shows a part of.
  if ((restrictions & ~inherited) == 0) return {};
  Result<Fd> finished = finish_bind(source, target, restrictions);
  if (finished) return {};
  undo_mount(target);
  return std::move(finished).error();
}

Result<Fd> bind_and_open_legacy(int source, int target, Restrictions restrictions) {
  if (mount(proc_path(source).c_str(), proc_path(target).c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return Error("bind mount", errno);
  }
  Result<Fd> finished = finish_bind(source, target, restrictions);
  if (!finished) undo_mount(target);
  return finished;
}

Result<Fd> mount_tmpfs_legacy(int target, size_t bytes) {
  if (mount("nvbox", proc_path(target).c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
            cat("mode=0755,size=", bytes).c_str()) != 0) {
    return Error("mount a tmpfs", errno);
  }
  Result<Fd> root = finish_tmpfs(target);
  if (!root) undo_mount(target);
  return root;
}

Result<> restrict_legacy(int mount_root, Restrictions restrictions) {
  const unsigned long flags = NVBOX_TRY(flags_with(mount_root, restrictions));
  if (mount(nullptr, proc_path(mount_root).c_str(), nullptr, MS_REMOUNT | MS_BIND | flags,
            nullptr) != 0) {
    return Error("restrict a mount", errno);
  }
  return {};
}

Result<> make_private_legacy(int mount_root) {
  if (mount(nullptr, proc_path(mount_root).c_str(), nullptr, MS_PRIVATE, nullptr) != 0) {
    return Error("make a mount private", errno);
  }
  return {};
}

}  // namespace nvbox::sys
