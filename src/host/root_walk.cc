// Opens one component after the other with O_NOFOLLOW. ".." never asks the kernel: the walker keeps
// the descriptors of the directories it came through and steps back on that stack, so it cannot
// climb above the root whatever happens on the disk meanwhile.
#include "host/root_walk.h"

#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <unistd.h>

#include <deque>
#include <string>
#include <vector>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"

namespace nvbox::host {
namespace {

// The kernel's own limit (path_resolution(7)).
constexpr int most_links = 40;

class Walk {
 public:
  Walk(int root, std::string_view path, int flags, mode_t mode)
      : root_(root), flags_(flags), mode_(mode) {
    push_front(path);
  }

  Result<sys::Fd> run() {
    while (todo_.size() > 1 || (todo_.size() == 1 && todo_.front() == "..")) {
      const std::string component = std::move(todo_.front());
      todo_.pop_front();
      NVBOX_TRY(step(component));
    }
    if (todo_.empty()) return open_here(".");
    const std::string last = std::move(todo_.front());
    todo_.pop_front();
    return finish(last);
  }

 private:
  int here() const { return stack_.empty() ? root_ : stack_.back().get(); }

  void push_front(std::string_view path) {
    const std::vector<std::string_view> pieces = path::components(path);
    todo_.insert(todo_.begin(), pieces.begin(), pieces.end());
  }

  Result<> step(const std::string& component) {
    if (component == "..") {
      if (!stack_.empty()) stack_.pop_back();
      return {};
    }
    sys::Fd next(openat(here(), component.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return Error("open", errno);
    struct stat info {};
    if (fstat(next.get(), &info) != 0) return Error("stat", errno);
    if (S_ISLNK(info.st_mode)) return follow(next.get());
    if (!S_ISDIR(info.st_mode)) return Error("open", ENOTDIR);
    stack_.push_back(std::move(next));
    return {};
  }

  Result<> follow(int link) {
    if (++links_ > most_links) return Error("open", ELOOP);
    // A magic link of /proc is not text: following its text would leave the root.
    struct statfs filesystem {};
    if (fstatfs(link, &filesystem) == 0 && filesystem.f_type == PROC_SUPER_MAGIC) {
      return Error("open", ELOOP);
    }
    char target[PATH_MAX];
    const ssize_t length = readlinkat(link, "", target, sizeof target);
    if (length <= 0) return Error("open", length < 0 ? errno : ENOENT);
    const std::string_view text(target, static_cast<size_t>(length));
    if (text.starts_with('/')) stack_.clear();
    push_front(text);
    return {};
  }

  Result<sys::Fd> finish(const std::string& last) {
    sys::Fd found = NVBOX_TRY(open_here(last));
    if ((flags_ & O_NOFOLLOW) != 0) return found;
    struct stat info {};
    if (fstat(found.get(), &info) != 0) return Error("stat", errno);
    if (!S_ISLNK(info.st_mode)) return found;
    NVBOX_TRY(follow(found.get()));
    return run();
  }

  // O_NOFOLLOW makes open(2) fail with ELOOP on a link (but O_PATH opens the link itself): then the
  // link is opened as such, for finish() to follow.
  Result<sys::Fd> open_here(const std::string& name) {
    sys::Fd fd(openat(here(), name.c_str(), flags_ | O_NOFOLLOW | O_CLOEXEC, mode_));
    const bool is_link = !fd && (errno == ELOOP || errno == ENOTDIR || errno == EEXIST);
    const int failure = errno;
    if (fd) return fd;
    if (is_link && (flags_ & (O_NOFOLLOW | O_EXCL)) == 0) {
      sys::Fd link(openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      struct stat info {};
      if (link && fstat(link.get(), &info) == 0 && S_ISLNK(info.st_mode)) return link;
    }
    return Error("open", failure);
  }

  int root_;
  int flags_;
  mode_t mode_;
  int links_ = 0;
  std::deque<std::string> todo_;
  std::vector<sys::Fd> stack_;
};

}  // namespace

Result<sys::Fd> walk_in_root(int root, std::string_view path, int flags, mode_t mode) {
  return Walk(root, path, flags, mode).run();
}

}  // namespace nvbox::host
