// Another process and its mount namespace, held so that neither can be exchanged for another one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sys/capabilities.h"
#include "sys/fd.h"

namespace nvbox::sys {

// A process through its directory in /proc, which never becomes that of another process: when the
// process is gone, every question is answered with an error (ESRCH or ENOENT).
class Process {
 public:
  static Result<Process> open(pid_t pid);
  static Result<Process> open_self();

  pid_t pid() const { return pid_; }
  // Its root directory, in its mount namespace.
  Result<Fd> root() const;
  Result<Fd> mount_namespace() const;
  // Who owns what the process makes: root of its user namespace, or its user.
  Result<uid_t> uid() const;
  Result<gid_t> gid() const;
  // The text of its /proc/PID/cgroup.
  Result<std::string> cgroups() const;

 private:
  Process(pid_t pid, Fd directory) : pid_(pid), directory_(std::move(directory)) {}

  pid_t pid_;
  Fd directory_;
};

// Whether this process is in that mount namespace.
Result<bool> is_own_mount_namespace(int mount_namespace);

// What "/" means while in another mount namespace. With `kept` it stays the directory that it was,
// so that /proc is still our own, whatever is mounted in the other namespace.
enum class RootDirectory { kept, entered };

// This process in another mount namespace until the scope ends. The process must be
// single-threaded.
class MountNamespaceScope {
 public:
  // Nothing happens when this is the process' mount namespace already.
  static Result<MountNamespaceScope> enter(int mount_namespace, RootDirectory root);
  MountNamespaceScope(MountNamespaceScope&&) noexcept = default;
  MountNamespaceScope& operator=(MountNamespaceScope&&) = delete;
  ~MountNamespaceScope();

 private:
  MountNamespaceScope() = default;

  Fd former_{};  // empty when there is nothing to go back to
  Fd root_{};
  Fd working_{};
};

// Files are made and changed as `uid` and `gid` until the scope ends, with no more rights over them
// than that user has: the capabilities that override owners and modes are not effective, and there
// are no other groups. All others are kept. The process must be single-threaded.
class FileOwnerScope {
 public:
  // Nothing happens when these are the process' own already.
  static Result<FileOwnerScope> enter(uid_t uid, gid_t gid);
  FileOwnerScope(FileOwnerScope&& other) noexcept : former_(std::exchange(other.former_, {})) {}
  FileOwnerScope& operator=(FileOwnerScope&&) = delete;
  ~FileOwnerScope();

 private:
  struct Former {
    CapSet effective;
    std::vector<gid_t> groups;
  };

  FileOwnerScope() = default;

  std::optional<Former> former_{};  // empty when there is nothing to go back to
};

// In a FileOwnerScope, lets the owner of `directory` change it where its mode says that he may not,
// which he could change: distributions have directories like /usr/lib64 with mode 0555. Elsewhere
// nothing happens.
class DirectoryOwnerScope {
 public:
  explicit DirectoryOwnerScope(int directory);

 private:
  std::optional<Raised> raised_{};
};

}  // namespace nvbox::sys
