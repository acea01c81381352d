// Mounts by descriptor: what is mounted and where to are both open before anything happens, so
// nothing is resolved twice and nothing can be exchanged in between. Kernels before 5.2 and seccomp
// filters lack the system calls for that; the fallback goes through mount(2) and /proc/self/fd.
#pragma once

#include <sys/mount.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::sys {

// The mount that a descriptor, O_PATH too, was opened on, as /proc/self/mountinfo numbers it.
Result<std::uint64_t> mount_id(int fd);

// What a mount forbids: a set of MOUNT_ATTR_RDONLY, _NOSUID, _NODEV and _NOEXEC.
using Restrictions = std::uint64_t;

// For a file that is data and nothing else.
inline constexpr Restrictions data_only =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// Whether a bind mount shows what is mounted below its source, too.
enum class Below { hidden, shown };

// A bind mount that is nowhere yet. Dropping it undoes it.
class MountFd {
 private:
  friend Result<MountFd> clone_mount(Fd source, Restrictions restrictions, Below below);
  friend Result<> attach(MountFd mount, int target);
  friend Result<Fd> attach_and_open(MountFd mount, int target);

  Fd source_{};
  Fd clone_{};  // empty where the kernel cannot make one: attach() binds `source_` then
  Restrictions restrictions_ = 0;
  bool is_restricted_ = false;  // whether the clone has them already
};

// A bind mount of the file or directory behind `source` that only takes place with attach().
// `source` must be of this process' mount namespace. What is below keeps the flags that it has;
// Below::shown needs has_detached_mounts().
Result<MountFd> clone_mount(Fd source, Restrictions restrictions, Below below = Below::hidden);

// Mounts over what `target` refers to. The mount is private; on failure nothing is left behind.
Result<> attach(MountFd mount, int target);

// As attach(), and gives the root of the new mount, by which it can be detached again.
Result<Fd> attach_and_open(MountFd mount, int target);

// Whether a mount can exist before it has a place: clone_mount() then copies at once, and the copy
// can be attached in another mount namespace. Otherwise the source must be of the namespace in
// which it is attached, and that namespace must have its mounts where "/" and /proc lead.
bool has_detached_mounts();

// Mounts a new tmpfs that holds at most `bytes` over the directory `target`, private, without
// devices, programs and set-user-id. Returns its root.
Result<Fd> mount_tmpfs(int target, size_t bytes);

// Adds restrictions to the mount whose root is open.
Result<> restrict_mount(int mount_root, Restrictions restrictions);

// Takes the mount whose root is open out of the tree, even if it is in use.
Result<> detach(int mount_root);

// Covers the file behind `target` with a read-only one that holds `text`. `scratch` is a directory
// on the same mount, for instance the file's own: a tmpfs lies over it for a moment, because a file
// can only be mounted from a file system that is itself mounted (Linux < 6.15). Nothing else is
// touched, and nothing stays behind but the one mount.
Result<> cover_file(int target, int scratch, std::string_view text, mode_t mode);

// The same for the file `name` of `directory`, where has_detached_mounts(), so that CRIU can save
// the container: it wants a mount of the root of the covering file's file system in the same
// namespace (validate_mounts() in its criu/mount.c). The tmpfs therefore stays where it is, and the
// directory is mounted over it again: nothing else is to be seen, and the covering file has no
// other name.
Result<> cover_file_in(int directory, const std::string& name, std::string_view text, mode_t mode);

}  // namespace nvbox::sys
