// Owners of descriptors.
#pragma once

#include <utility>

#include "base/result.h"

namespace nvbox::sys {

// A descriptor that is closed when its owner goes. Empty (-1) after being moved from.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// "/proc/self/fd/N": how to hand a descriptor to an interface that only takes paths.
std::string proc_path(int fd);

// The path the kernel shows for a descriptor. For messages and for files that nobody else can
// rename; never to open it again.
Result<std::string> path_of(int fd);

// Opens /dev/null in the place of standard descriptors that are closed: the next file that is
// opened would take the number, and messages would be written into it.
Result<> open_standard_descriptors();

// Closes every descriptor from `first` on. Needs /proc where close_range(2) is missing.
void close_from(unsigned first);

// The same when another program is executed. Ours are closed then anyway: this is for those that a
// caller left open. False, with an errno, when that is impossible. Safe between fork and exec.
bool close_on_exec_from(unsigned first);

}  // namespace nvbox::sys
