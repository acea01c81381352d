#include "sys/namespaces.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <climits>

#include "base/text.h"
#include "sys/file.h"

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

// What lets a process do with files what their owners and modes do not.
constexpr CapSet rights_over_files = {CAP_CHOWN,       CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                                      CAP_FOWNER,      CAP_FSETID,       CAP_LINUX_IMMUTABLE,
                                      CAP_MAC_OVERRIDE};

// Changes nothing where setfsuid(2) and setfsgid(2) expect a number.
constexpr uid_t nobody = static_cast<uid_t>(-1);

Result<std::vector<gid_t>> own_groups() {
  std::vector<gid_t> groups(NGROUPS_MAX);
  const int count = getgroups(NGROUPS_MAX, groups.data());
  if (count < 0) return Error("read the groups of this process", errno);
  groups.resize(static_cast<size_t>(count));
  return groups;
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

Result<FileOwnerScope> FileOwnerScope::enter(uid_t uid, gid_t gid) {
  FileOwnerScope scope;
  if (uid == geteuid() && gid == getegid()) return scope;
  Former former = {.effective = NVBOX_TRY(effective_capabilities()), .groups = {}};
  former.groups = NVBOX_TRY(own_groups());
  const CapSet left = former.effective.without(rights_over_files);
  // From here on the destructor goes back.
  scope.former_ = std::move(former);
  if (!scope.former_->groups.empty() && setgroups(0, nullptr) != 0) {
    return Error("leave the groups of this process", errno);
  }
  setfsgid(gid);
  setfsuid(uid);
  // They return what was before, and there is no other answer (setfsuid(2)).
  if (setfsgid(nobody) != static_cast<int>(gid) || setfsuid(nobody) != static_cast<int>(uid)) {
    return Error(cat("make files as user ", uid, " and group ", gid), EPERM);
  }
  // The kernel has taken the rights away with the user, unless SECBIT_NO_SETUID_FIXUP is set, and
  // the right to make nodes as well (capabilities(7)).
  NVBOX_TRY(set_effective(left));
  return scope;
}

FileOwnerScope::~FileOwnerScope() {
  if (!former_) return;
  setfsuid(geteuid());
  setfsgid(getegid());
  (void)set_effective(former_->effective);
  if (!former_->groups.empty()) (void)setgroups(former_->groups.size(), former_->groups.data());
}

DirectoryOwnerScope::DirectoryOwnerScope(int directory) {
  const auto user = static_cast<uid_t>(setfsuid(nobody));
  if (user == geteuid()) return;
  struct stat status {};
  if (fstat(directory, &status) != 0 || status.st_uid != user) return;
  if ((status.st_mode & S_IWUSR) != 0) return;
  Result<Raised> raised = Raised::raise({CAP_DAC_OVERRIDE});
  if (raised) raised_.emplace(std::move(raised).value());
}

}  // namespace nvbox::sys
