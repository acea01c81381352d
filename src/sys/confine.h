// What keeps a program that is not trusted from doing harm: no capabilities, a list of system calls
// (seccomp(2)), no files to write to but some (Landlock), and the user nobody where that is enough.
#pragma once

#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::sys {

// A file that a program needs, below its root, and how: R_OK, or with W_OK.
struct NeededFile {
  std::string path;
  int access;
};

// It has no capabilities and gains none, makes only some system calls, writes no large file and no
// core dump, and ends with its parent.
struct Confinement {
  std::vector<sock_filter>
      system_calls;        // of sys::allow_list, with execve(2), write(2), exit_group(2)
  rlim_t most_file_bytes;  // what it may write to one file
  // Files, and directories with all below them, below its root: what it opens for writing is there.
  // Kernels without Landlock do not enforce it.
  std::optional<std::vector<std::string>> writable{};
  // It is the user nobody instead of root where that one may use all of these.
  std::optional<std::vector<NeededFile>> enough_for_nobody{};
};

// Everything that can fail or allocate is made in the parent.
class Confiner {
 public:
  // `root` is the program's root directory. `confinement` has to outlive this.
  static Result<Confiner> prepare(const Confinement& confinement, const std::string& root);

  // In the child, in its root. False with an errno when it cannot be confined; ends the child when
  // `parent` is gone. Safe in a signal handler.
  bool confine(pid_t parent) const;

 private:
  Confiner(const Confinement& confinement, std::optional<Fd> rules)
      : confinement_(&confinement), rules_(std::move(rules)) {}

  void become_nobody() const;
  bool can_nobody_do() const;

  const Confinement* confinement_;
  std::optional<Fd> rules_;  // of Landlock
};

// The rules for a process that may change no file, make or remove none, and control no device
// (ioctl(2), from Linux 6.10 on) but those at and below these places; reading stays free. Places
// that do not exist are passed over. nullopt where the kernel has no Landlock, or it is off.
Result<std::optional<Fd>> write_only_below(std::span<const std::string> places);

// landlock_restrict_self(2): these rules hold for this thread from now on, and for what it starts.
// It has to have given up new privileges before. Safe between fork and exec.
int restrict_self(int rules);

struct AllowedCall {
  std::string_view name;  // "openat"; one that this architecture does not have is passed over
  // Only when (argument & mask) == value; without a mask the arguments are not looked at.
  unsigned argument = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

// A filter for sys::Confinement that allows these calls. All others fail with ENOSYS, so that a C
// library that is newer than the list does what it does on an older kernel.
Result<std::vector<sock_filter>> allow_list(std::span<const AllowedCall> calls);

}  // namespace nvbox::sys
