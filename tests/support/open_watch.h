// Whether anybody opens a file for reading or writing. A descriptor of O_PATH does not count: the
// kernel marks it FMODE_NONOTIFY (do_dentry_open() in its fs/open.c).
#pragma once

#include <sys/inotify.h>
#include <unistd.h>

#include <string>

namespace nvbox::test {

class OpenWatch {
 public:
  explicit OpenWatch(const std::string& path) : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    is_ready_ = fd_ >= 0 && inotify_add_watch(fd_, path.c_str(), IN_OPEN) >= 0;
  }
  OpenWatch(const OpenWatch&) = delete;
  OpenWatch& operator=(const OpenWatch&) = delete;
  ~OpenWatch() { close(fd_); }

  bool is_ready() const { return is_ready_; }

  bool saw_an_open() const {
    alignas(inotify_event) char events[4096];
    const ssize_t size = read(fd_, events, sizeof events);
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events + at);
      // The watch's end is told as well.
      if ((event->mask & IN_OPEN) != 0) return true;
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
    return false;
  }

 private:
  int fd_;
  bool is_ready_ = false;
};

}  // namespace nvbox::test
