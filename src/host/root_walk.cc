// Opens one component after the other with O_NOFOLLOW and follows links by their text. ".." never
// asks the kernel: the walker keeps the descriptors of the directories it came through and steps
// back on that stack, so it cannot climb above the root whatever happens on the disk meanwhile.
#include "host/root_walk.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cerrno>
#include <climits>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/path.h"

namespace nvbox::host {
namespace {

// The kernel's own limit (path_resolution(7)).
constexpr int most_links = 40;
// statfs(2) shows a mount's flag with this bit since Linux 5.10; glibc 2.36 does not name it.
constexpr long no_link_following = 0x2000;

bool is_link(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISLNK(info.st_mode);
}

class Walk {
 public:
  Walk(int root, std::string_view path, int flags, mode_t mode)
      : root_(root), flags_(flags), mode_(mode) {
    push_front(path);
  }

  Result<sys::Fd> run() {
    while (true) {
      const std::string component = take_next();
      if (!todo_.empty() || component == "..") {
        NVBOX_TRY(step(component));
        continue;
      }
      std::optional<sys::Fd> found = NVBOX_TRY(open_last(component));
      if (found) return *std::move(found);
    }
  }

 private:
  int here() const { return stack_.empty() ? root_ : stack_.back().get(); }

  // After a trailing slash comes a ".", which demands a directory before it.
  void push_front(std::string_view path) {
    std::vector<std::string_view> pieces = path::components(path);
    if (path.ends_with('/') || path.ends_with("/.")) pieces.emplace_back(".");
    todo_.insert(todo_.begin(), pieces.begin(), pieces.end());
  }

  std::string take_next() {
    if (todo_.empty()) return ".";
    std::string next = std::move(todo_.front());
    todo_.pop_front();
    return next;
  }

  Result<> step(const std::string& component) {
    if (component == ".") return {};
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
    char target[PATH_MAX];
    const ssize_t length = readlinkat(link, "", target, sizeof target);
    if (length <= 0) return Error("open", length < 0 ? errno : ENOENT);
    if (length == PATH_MAX) return Error("open", ENAMETOOLONG);
    const std::string_view text(target, static_cast<size_t>(length));
    struct statfs filesystem {};
    if (fstatfs(link, &filesystem) != 0) return Error("stat", errno);
    // A magic link of /proc is no path: its text names something outside the root that a file
    // inside may be called like. The ordinary links there ("self", "mounts") are relative.
    const bool is_magic = filesystem.f_type == PROC_SUPER_MAGIC && text.starts_with('/');
    if (is_magic || (filesystem.f_flags & no_link_following) != 0) return Error("open", ELOOP);
    if (text.starts_with('/')) stack_.clear();
    push_front(text);
    return {};
  }

  // nullopt when it was a link: what is left to walk then is its text.
  Result<std::optional<sys::Fd>> open_last(const std::string& name) {
    sys::Fd fd(openat(here(), name.c_str(), flags_ | O_NOFOLLOW | O_CLOEXEC, mode_));
    const int failure = fd ? 0 : errno;
    if (fd && ((flags_ & O_NOFOLLOW) != 0 || !is_link(fd.get())))
      return std::optional(std::move(fd));
    // Only O_PATH opens a link; otherwise it is ELOOP, or ENOTDIR with O_DIRECTORY.
    const bool may_be_link = failure == ELOOP || failure == ENOTDIR;
    if (!fd && (!may_be_link || (flags_ & O_NOFOLLOW) != 0)) return Error("open", failure);
    if (!fd) fd.reset(openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return Error("open", errno);
    if (is_link(fd.get())) {
      NVBOX_TRY(follow(fd.get()));
      return std::nullopt;
    }
    // ELOOP and no link: it was exchanged in between. Looking again counts like a link.
    if (failure != ELOOP || ++links_ > most_links) return Error("open", failure);
    todo_.push_front(name);
    return std::nullopt;
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
