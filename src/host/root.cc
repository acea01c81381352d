#include "host/root.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "host/locate.h"
#include "sys/file.h"
#include "sys/kernel.h"

namespace nvbox::host {
namespace {

// "c 195:0" -> the node a fixture file stands for.
std::optional<DeviceNumber> parse_written_node(std::string_view text, const struct stat& info) {
  text = trim(text);
  if (text.size() < 2 || (text[0] != 'c' && text[0] != 'b')) return std::nullopt;
  const std::vector<std::string_view> numbers = split(trim(text.substr(1)), ':');
  if (numbers.size() != 2) return std::nullopt;
  const auto major = parse_number<unsigned>(numbers[0]);
  const auto minor = parse_number<unsigned>(numbers[1]);
  if (!major || !minor) return std::nullopt;
  return DeviceNumber{text[0],     *major,     *minor, info.st_mode & mode_t{07777},
                      info.st_uid, info.st_gid};
}

// Any rename or mount on the machine while the kernel walks ".." makes openat2 answer EAGAIN, and a
// directory that is moved out of the root under its feet EXDEV; NVIDIA's toolkit retries as often.
constexpr int most_retries = 128;

bool is_worth_a_retry(int errno_value) {
  return errno_value == EAGAIN || errno_value == EXDEV || errno_value == EINTR;
}

sys::Fd open_confined(int root, const std::string& path, int flags, mode_t mode) {
  for (int attempt = 0; attempt < most_retries; ++attempt) {
    sys::Fd fd(sys::openat2(root, path, static_cast<std::uint64_t>(flags), mode,
                            RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
    if (fd || !is_worth_a_retry(errno)) return fd;
  }
  return {};
}

// ENOSYS: the kernel is older than 5.6. EPERM: a seccomp filter that does not know the call.
// EAGAIN: the machine never stops renaming, which the walker does not mind.
bool needs_walker(int errno_value) {
  return errno_value == ENOSYS || errno_value == EPERM || errno_value == EAGAIN;
}

}  // namespace

bool is_absence(const Error& error) {
  return error.code() == ENOENT || error.code() == ENOTDIR || error.code() == ELOOP;
}

bool leads_nowhere(const Error& error) {
  return error.code() == EACCES || is_absence(error);
}

Result<Root> Root::open(const std::string& directory, Nodes nodes) {
  const std::string name = directory.empty() ? "/" : directory;
  sys::Fd fd(::open(name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error(cat("open directory ", name), errno);
  if (name == "/") return Root(std::move(fd), "/", nodes);
  std::string path = NVBOX_TRY(sys::path_of(fd.get()));
  return Root(std::move(fd), std::move(path), nodes);
}

Result<Root> Root::open_container(const std::string& directory) {
  Root root = NVBOX_TRY(open(directory));
  root.is_container_ = true;
  return root;
}

Result<sys::Fd> Root::open_at(std::string_view path, int flags, mode_t mode) const {
  flags |= O_CLOEXEC;
  if ((flags & O_PATH) == 0) flags |= O_NONBLOCK | O_NOCTTY;
  // openat2 refuses mode bits where nothing is created. (O_TMPFILE contains O_DIRECTORY.)
  if ((flags & O_CREAT) == 0 && (flags & O_TMPFILE) != O_TMPFILE) mode = 0;
  std::string relative(path);
  relative.erase(0, relative.find_first_not_of('/'));
  if (relative.empty()) relative = ".";
  sys::Fd fd = open_confined(fd_.get(), relative, flags, mode);
  if (fd) return fd;
  const int failure = errno;
  if (!needs_walker(failure)) return Error(cat("open ", path::join(path_, path)), failure);
  Result<sys::Fd> walked = walk_in_root(fd_.get(), path, flags, mode);
  if (walked) return walked;
  return Error(cat("open ", path::join(path_, path)), walked.error().code());
}

Result<std::optional<std::string>> Root::read(std::string_view path, size_t limit) const {
  const std::string where = path::join(path_, path);
  // O_PATH first: opening what an image put there for reading could start a device.
  Result<sys::Fd> found = open_at(path, O_PATH);
  if (!found && is_absence(found.error())) return std::nullopt;
  if (!found) return std::move(found).error();
  struct stat info {};
  if (fstat(found->get(), &info) != 0) return Error(cat("stat ", where), errno);
  if (!S_ISREG(info.st_mode)) {
    return Error(cat("read ", where), S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  }
  const sys::Fd file = sys::reopen(found->get(), info);
  if (!file) return Error(cat("open ", where), errno);
  std::string text = NVBOX_TRY(sys::read_all(file.get(), limit).in(cat("read ", where)));
  return std::optional(std::move(text));
}

Result<std::optional<std::vector<std::string>>> Root::list(std::string_view directory) const {
  Result<sys::Fd> fd = open_at(directory, O_RDONLY | O_DIRECTORY);
  if (!fd && is_absence(fd.error())) return std::nullopt;
  if (!fd) return std::move(fd).error();
  std::vector<std::string> names;
  NVBOX_TRY(visit_entries(fd->get(), [&](std::string_view name, EntryKind) {
              names.emplace_back(name);
            }).in(path::join(path_, directory)));
  std::ranges::sort(names);
  return std::optional(std::move(names));
}

Result<std::optional<struct stat>> Root::stat(std::string_view path) const {
  Result<sys::Fd> fd = open_at(path, O_PATH);
  if (!fd && is_absence(fd.error())) return std::nullopt;
  if (!fd) return std::move(fd).error();
  struct stat info {};
  if (fstat(fd->get(), &info) != 0) return Error(cat("stat ", path::join(path_, path)), errno);
  return std::optional(info);
}

Result<std::optional<std::string>> Root::resolve(std::string_view path) const {
  Result<sys::Fd> fd = open_at(path, O_PATH);
  if (!fd && is_absence(fd.error())) return std::nullopt;
  if (!fd) return std::move(fd).error();
  std::string real = NVBOX_TRY(sys::path_of(fd->get()));
  if (!path::is_below(real, path_)) {
    return Error(cat("resolve ", path::join(path_, path), ": it is at ", quote(real), " now"));
  }
  if (path_ != "/") real.erase(0, path_.size());
  return std::optional(real.empty() ? "/" : std::move(real));
}

Result<std::optional<std::string>> Root::read_link(std::string_view path) const {
  Result<sys::Fd> fd = open_at(path, O_PATH | O_NOFOLLOW);
  if (!fd && is_absence(fd.error())) return std::nullopt;
  if (!fd) return std::move(fd).error();
  char target[PATH_MAX];
  const ssize_t length = readlinkat(fd->get(), "", target, sizeof target);
  // An empty path with a descriptor that is not a link gives ENOENT (readlinkat(2)).
  if (length < 0 && (errno == EINVAL || errno == ENOENT)) return std::nullopt;
  if (length < 0) return Error(cat("read link ", path::join(path_, path)), errno);
  return std::optional(std::string(target, static_cast<size_t>(length)));
}

Result<std::optional<DeviceNumber>> Root::device(std::string_view path) const {
  Result<sys::Fd> fd = open_at(path, O_PATH | O_NOFOLLOW);
  if (!fd && is_absence(fd.error())) return std::nullopt;
  if (!fd) return std::move(fd).error();
  struct stat info {};
  if (fstat(fd->get(), &info) != 0) return Error(cat("stat ", path::join(path_, path)), errno);
  if (nodes_ == Nodes::written && S_ISREG(info.st_mode)) {
    return parse_written_node(NVBOX_TRY(read(path)).value_or(""), info);
  }
  if (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode)) return std::nullopt;
  return std::optional(DeviceNumber{S_ISCHR(info.st_mode) ? 'c' : 'b', major(info.st_rdev),
                                    minor(info.st_rdev), info.st_mode & mode_t{07777}, info.st_uid,
                                    info.st_gid});
}

Result<std::string> absolute_path(const std::string& path) {
  if (path.starts_with('/')) return path;
  char directory[PATH_MAX];
  if (getcwd(directory, sizeof directory) == nullptr) return Error("current directory", errno);
  return path::join(directory, path);
}

// Opens one component after the other with O_NOFOLLOW and follows links by their text. ".." never
// asks the kernel: the walker keeps the descriptors of the directories it came through and steps
// back on that stack, so it cannot climb above the root whatever happens on the disk meanwhile.

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
