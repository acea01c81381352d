// What keeps a program that is not trusted from doing harm.
#pragma once

#include <linux/filter.h>
#include <sys/resource.h>

#include <optional>
#include <string>
#include <vector>

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

}  // namespace nvbox::sys
