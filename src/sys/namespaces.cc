#include "nvbox/sys/namespaces.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include "nvbox/base/text.h"
#include "nvbox/sys/file.h"

namespace nvbox::sys {
namespace {

Result<struct stat> status_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return Error("stat", errno);
  return status;
}

// 0 or an errno.
int change_root_to(const Fd& directory) {
  return fchdir(directory.get()) == 0 && chroot(".") == 0 ? 0 : errno;
}

Result<Fd> open_in(const Fd& directory, pid_t pid, const char* name, int flags) {
  Fd fd(openat(directory.get(), name, flags | O_CLOEXEC));
  if (!fd) return Error(cat("open /proc/", pid, "/", name), errno);
  return fd;
}

}  // namespace

Result<Process> Process::open(pid_t pid) {
  Fd directory = NVBOX_TRY(open_path(cat("/proc/", pid), O_PATH | O_DIRECTORY));
  return Process(pid, std::move(directory));
}

Result<Process> Process::open_self() {
  return Process(getpid(), NVBOX_TRY(open_path("/proc/self", O_PATH | O_DIRECTORY)));
}

Result<Fd> Process::root() const {
  return open_in(directory_, pid_, "root", O_PATH | O_DIRECTORY);
}

Result<Fd> Process::mount_namespace() const {
  return open_in(directory_, pid_, "ns/mnt", O_RDONLY);
}

Result<uid_t> Process::uid() const {
  const struct stat status = NVBOX_TRY(status_of(directory_.get()).in(cat("/proc/", pid_)));
  return status.st_uid;
}

Result<gid_t> Process::gid() const {
  const struct stat status = NVBOX_TRY(status_of(directory_.get()).in(cat("/proc/", pid_)));
  return status.st_gid;
}

Result<std::string> Process::cgroups() const {
  constexpr size_t most_bytes = size_t{16} * 1024 * 1024;
  const Fd file = NVBOX_TRY(open_in(directory_, pid_, "cgroup", O_RDONLY));
  return read_all(file.get(), most_bytes).in(cat("/proc/", pid_, "/cgroup"));
}

Result<bool> is_own_mount_namespace(int mount_namespace) {
  const Fd own = NVBOX_TRY(open_path("/proc/self/ns/mnt", O_RDONLY));
  const struct stat here = NVBOX_TRY(status_of(own.get()));
  const struct stat there = NVBOX_TRY(status_of(mount_namespace));
  return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

Result<MountNamespaceScope> MountNamespaceScope::enter(int mount_namespace, RootDirectory root) {
  MountNamespaceScope scope;
  if (NVBOX_TRY(is_own_mount_namespace(mount_namespace))) return scope;
  Fd former = NVBOX_TRY(open_path("/proc/self/ns/mnt", O_RDONLY));
  scope.root_ = NVBOX_TRY(open_path("/", O_PATH | O_DIRECTORY));
  scope.working_ = NVBOX_TRY(open_path(".", O_PATH | O_DIRECTORY));
  if (setns(mount_namespace, CLONE_NEWNS) != 0) return Error("enter a mount namespace", errno);
  // From here on the destructor goes back.
  scope.former_ = std::move(former);
  if (root == RootDirectory::entered) return scope;
  const int failure = change_root_to(scope.root_);
  if (failure != 0) return Error("keep the root directory in a mount namespace", failure);
  return scope;
}

MountNamespaceScope::~MountNamespaceScope() {
  if (!former_) return;
  // setns changes "/" and the working directory to those of the namespace.
  if (setns(former_.get(), CLONE_NEWNS) != 0) return;
  (void)change_root_to(root_);
  (void)!fchdir(working_.get());
}

FileOwnerScope::FileOwnerScope(uid_t uid, gid_t gid) {
  if (uid == geteuid() && gid == getegid()) return;
  const int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  // Without this bit, a change from root to another user takes the capabilities for files away.
  if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) return;
  former_bits_ = bits;
  setfsgid(gid);
  setfsuid(uid);
}

FileOwnerScope::~FileOwnerScope() {
  if (former_bits_ < 0) return;
  setfsuid(geteuid());
  setfsgid(getegid());
  prctl(PR_SET_SECUREBITS, former_bits_, 0, 0, 0);
}

}  // namespace nvbox::sys
