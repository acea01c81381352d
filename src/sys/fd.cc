#include "nvbox/sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <climits>

#include <vector>

#include "nvbox/base/text.h"

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

// Kernels before 5.9 have no close_range(2).
void close_listed_from(unsigned first) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return;
  std::vector<int> open;
  while (const dirent* entry = readdir(directory)) {
    const auto fd = parse_number<int>(entry->d_name);
    if (fd && static_cast<unsigned>(*fd) >= first && *fd != dirfd(directory)) open.push_back(*fd);
  }
  closedir(directory);
  for (const int fd : open) close(fd);
}

}  // namespace

void close_from(unsigned first) {
  if (syscall(SYS_close_range, first, ~0U, 0U) != 0) close_listed_from(first);
}

}  // namespace nvbox::sys
