#include "host/locate.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include "base/list.h"
#include "base/path.h"
#include "base/text.h"

namespace nvbox::host {
namespace {

EntryKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return EntryKind::file;
  if (S_ISDIR(mode)) return EntryKind::directory;
  return S_ISLNK(mode) ? EntryKind::link : EntryKind::other;
}

// Some file systems (XFS without ftype, several FUSE ones) do not tell kinds in a listing.
EntryKind kind_of(int directory, const dirent64& entry) {
  if (entry.d_type != DT_UNKNOWN) return kind_of(static_cast<mode_t>(DTTOIF(entry.d_type)));
  struct stat info {};
  if (fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return EntryKind::other;
  return kind_of(info.st_mode);
}

bool is_sought(mode_t mode, Sought sought) {
  switch (sought) {
    case Sought::file:
      return S_ISREG(mode);
    case Sought::program:
      return S_ISREG(mode) && (mode & 0111) != 0;
    case Sought::socket:
      return S_ISSOCK(mode);
    case Sought::directory:
      return S_ISDIR(mode);
  }
  return false;
}

// Root of the host, and not of another user namespace, who is a plain user to the host's files. The
// first user namespace has this inode on every Linux (PROC_USER_INIT_INO, linux/proc_ns.h).
bool is_root_of_host() {
  constexpr ino_t first_user_namespace = 0xEFFFFFFD;
  struct stat info {};
  return geteuid() == 0 && stat("/proc/self/ns/user", &info) == 0 &&
         info.st_ino == first_user_namespace;
}

// Many a directory is closed to plain users, who need not hear of each. Who keeps root out is a
// policy or a file system of the network, and then something is there that a container will miss.
bool counts_as_absent(int errno_value) {
  const bool is_kept_out = errno_value == EACCES && !is_root_of_host();
  return is_kept_out || is_absence(Error("", errno_value));
}

}  // namespace

Result<> visit_entries(int directory, const Visit& visit) {
  // Large enough for the library directory of a distribution in two or three calls.
  alignas(dirent64) char buffer[size_t{32} * 1024];
  while (true) {
    const ssize_t count = getdents64(directory, buffer, sizeof buffer);
    if (count < 0) return Error("list directory", errno);
    if (count == 0) return {};
    for (ssize_t at = 0; at < count;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") visit(name, kind_of(directory, *entry));
      at += entry->d_reclen;
    }
  }
}

Result<std::string> path_below(const Root& root, int fd) {
  std::string path = NVBOX_TRY(sys::path_of(fd));
  if (root.path() != "/") path.erase(0, root.path().size());
  return path.empty() ? std::string("/") : path;
}

Result<Locator::Folder*> Locator::folder(std::string_view directory) {
  for (Folder& known : folders_) {
    if (known.name == directory) return &known;
  }
  Result<sys::Fd> fd = root_.open_at(directory, O_PATH | O_DIRECTORY);
  if (!fd && !counts_as_absent(fd.error().code())) return std::move(fd).error();
  folders_.push_back({std::string(directory), fd ? std::move(fd).value() : sys::Fd(), {}});
  return &folders_.back();
}

Result<std::optional<Found>> Locator::find(std::string_view directory, std::string_view name,
                                           Sought sought) {
  Folder* const in = NVBOX_TRY(folder(directory));
  if (!in->fd) return std::nullopt;
  std::string place = path::join(directory, name);
  struct stat info {};
  if (fstatat(in->fd.get(), std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (counts_as_absent(errno)) return std::nullopt;
    return Error(cat("stat ", path::join(root_.path(), place)), errno);
  }
  if (!S_ISLNK(info.st_mode)) {
    if (!is_sought(info.st_mode, sought)) return std::nullopt;
    if (in->path.empty()) in->path = NVBOX_TRY(path_below(root_, in->fd.get()));
    return std::optional(Found{std::move(place), path::join(in->path, name)});
  }
  const Result<sys::Fd> target = root_.open_at(place, O_PATH);
  if (!target && counts_as_absent(target.error().code())) return std::nullopt;
  if (!target) return target.error();
  if (fstat(target->get(), &info) != 0) return Error(cat("stat ", place), errno);
  if (!is_sought(info.st_mode, sought)) return std::nullopt;
  std::string path = NVBOX_TRY(path_below(root_, target->get()));
  return std::optional(Found{std::move(place), std::move(path)});
}

Result<std::optional<Found>> Locator::find_first(std::span<const std::string> directories,
                                                 std::string_view name, Sought sought) {
  for (const std::string& directory : directories) {
    auto found = NVBOX_TRY(find(directory, name, sought));
    if (found) return found;
  }
  return std::nullopt;
}

std::vector<std::string> program_directories(std::string_view search_path) {
  std::vector<std::string> directories;
  for (const std::string_view directory : split(search_path, ':')) {
    // A relative one would mean wherever the caller happens to stand.
    if (directory.starts_with('/')) add_once(directories, std::string(directory));
  }
  for (const std::string_view usual : usual_program_directories) {
    add_once(directories, std::string(usual));
  }
  return directories;
}

}  // namespace nvbox::host
