#include "sys/kernel.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nvbox::sys {

int openat2(int directory, const std::string& path, std::uint64_t flags, std::uint64_t mode,
            std::uint64_t resolve) {
  open_how how{};
  how.flags = flags;
  how.mode = mode;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
}

int pidfd_open(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0U));
}

int close_range_from(unsigned first, int flags) {
  return static_cast<int>(syscall(SYS_close_range, first, ~0U, flags));
}

int finit_module(int file, const std::string& options, int flags) {
  return static_cast<int>(syscall(SYS_finit_module, file, options.c_str(), flags));
}

int execute_descriptor(int file, char* const* arguments, char* const* environment) {
  return static_cast<int>(syscall(SYS_execveat, file, "", arguments, environment, AT_EMPTY_PATH));
}

int drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return static_cast<int>(syscall(SYS_capset, &header, none));
}

}  // namespace nvbox::sys
