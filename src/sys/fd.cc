#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>
#include <cerrno>
#include <climits>

#include "base/text.h"
#include "sys/kernel.h"

namespace nvbox::sys {

void Fd::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

std::string proc_path(int fd) {
  return cat("/proc/self/fd/", fd);
}

Result<std::string> path_of(int fd) {
  char target[PATH_MAX];
  const ssize_t length = readlink(proc_path(fd).c_str(), target, sizeof target);
  if (length < 0) return Error(cat("read the path of descriptor ", fd), errno);
  return std::string(target, static_cast<size_t>(length));
}

Result<> open_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    Fd null(open("/dev/null", O_RDWR));
    if (!null) return Error("open /dev/null", errno);
    // The lowest free number is the closed one.
    null.release();
  }
  return {};
}

namespace {

// For kernels without close_range(2) and filters that do not know it. Allocates nothing, and bears
// that `action` closes what it is given.
template <typename Action>
bool for_each_from(unsigned first, Action action) {
  const Fd directory(open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return false;
  alignas(dirent64) char buffer[4096];
  ssize_t count = 0;
  while ((count = getdents64(directory.get(), buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < count;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const auto fd = parse_number<int>(entry->d_name);
      if (fd && static_cast<unsigned>(*fd) >= first && *fd != directory.get()) action(*fd);
    }
  }
  return count == 0;
}

}  // namespace

void close_from(unsigned first) {
  if (close_range_from(first, 0) != 0) for_each_from(first, [](int fd) { close(fd); });
}

bool close_on_exec_from(unsigned first) {
  return close_range_from(first, CLOSE_RANGE_CLOEXEC) == 0 ||
         for_each_from(first, [](int fd) { (void)fcntl(fd, F_SETFD, FD_CLOEXEC); });
}

}  // namespace nvbox::sys
