#include "sys/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <climits>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/text.h"

namespace nvbox::sys {
namespace {

// Sixteen hexadecimal digits that another process cannot guess.
std::string random_suffix() {
  std::array<unsigned char, 8> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  std::string out;
  for (const unsigned char byte : bytes) out += hexadecimal(byte, 2);
  return out;
}

}  // namespace

Result<Fd> open_path(const std::string& path, int flags, mode_t mode) {
  Fd fd(open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return Error(cat("open ", path), errno);
  return fd;
}

Fd reopen(int found, const struct stat& status) {
  Fd file(open(proc_path(found).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat opened {};
  if (!file || fstat(file.get(), &opened) != 0) return {};
  if (opened.st_dev == status.st_dev && opened.st_ino == status.st_ino) return file;
  file.reset();
  errno = ESTALE;
  return {};
}

Result<std::string> read_all(int fd, size_t limit) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return Error("stat", errno);
  // Files of /proc say that they are empty; one page then is usually enough.
  size_t room = info.st_size > 0 ? static_cast<size_t>(info.st_size) + 1 : 4096;
  std::string text;
  size_t used = 0;
  while (true) {
    text.resize(std::min(used + room, limit + 1));
    const ssize_t count = read(fd, text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error("read", errno);
    used += static_cast<size_t>(count);
    if (used > limit) return Error(cat("larger than the limit of ", limit, " bytes"), EFBIG);
    if (count == 0) break;
    if (used == text.size()) room = used;
  }
  text.resize(used);
  return text;
}

Result<> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error("write", errno);
    text.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

std::optional<std::string> link_text(int directory, const std::string& name) {
  char target[PATH_MAX];
  const ssize_t length = readlinkat(directory, name.c_str(), target, sizeof target);
  if (length < 0) return std::nullopt;
  return std::string(target, static_cast<size_t>(length));
}

NewFile::NewFile(Fd directory, std::string name, std::string temporary, Fd file)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      temporary_(std::move(temporary)),
      file_(std::move(file)) {}

Result<NewFile> NewFile::create(int directory, std::string_view name, mode_t mode) {
  Fd own_directory(fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!own_directory) return Error("duplicate descriptor", errno);
  std::string temporary = cat(".", name, ".nvbox-", random_suffix());
  Fd file(openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 0600));
  if (!file) return Error("create a temporary file beside it", errno);
  NewFile created(std::move(own_directory), std::string(name), std::move(temporary),
                  std::move(file));
  if (fchmod(created.fd(), mode) != 0) return Error(cat("set the mode of ", name), errno);
  return created;
}

NewFile::~NewFile() {
  if (directory_ && !temporary_.empty()) unlinkat(directory_.get(), temporary_.c_str(), 0);
}

Result<> NewFile::commit(Flushed flushed) {
  if (flushed == Flushed::yes && fsync(file_.get()) != 0) return Error(cat("sync ", name_), errno);
  if (renameat(directory_.get(), temporary_.c_str(), directory_.get(), name_.c_str()) != 0) {
    return Error(cat("rename to ", name_), errno);
  }
  temporary_.clear();
  return {};
}

Result<> replace_file(int directory, std::string_view name, std::string_view text, mode_t mode,
                      Flushed flushed) {
  struct stat old {};
  const bool replaces =
      fstatat(directory, std::string(name).c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISREG(old.st_mode);
  NewFile file =
      NVBOX_TRY(NewFile::create(directory, name, replaces ? old.st_mode & mode_t{07777} : mode));
  if (replaces && (old.st_uid != geteuid() || old.st_gid != getegid())) {
    // chown clears set-user-id bits, which no file we write carries.
    if (fchown(file.fd(), old.st_uid, old.st_gid) != 0) {
      return Error(cat("keep the owner of ", name), errno);
    }
  }
  NVBOX_TRY(write_all(file.fd(), text));
  return file.commit(flushed);
}

}  // namespace nvbox::sys
