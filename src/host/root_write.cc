#include "host/root_write.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "base/path.h"
#include "base/text.h"
#include "host/container_file.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace nvbox::host {
namespace {

// Whether `name` in `directory` is a regular file with exactly this content; O_NOFOLLOW keeps the
// look inside the directory.
bool has_content(int directory, const std::string& name, std::string_view text) {
  const sys::Fd found(openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!found || fstat(found.get(), &info) != 0) return false;
  if (static_cast<size_t>(info.st_size) != text.size()) return false;
  const Result<ContainerFile> file = open_found_file(found.get());
  if (!file) return false;
  const Result<std::string> old = sys::read_all(file->fd.get(), text.size());
  return old && *old == text;
}

}  // namespace

Result<sys::Fd> make_directories(const Root& root, std::string_view directory,
                                 const MakeDirectory& make) {
  constexpr int flags = O_PATH | O_DIRECTORY;
  Result<sys::Fd> existing = root.open_at(directory, flags);
  if (existing || existing.error().code() != ENOENT) return existing;
  sys::Fd here = NVBOX_TRY(root.open_at("/", flags));
  std::string walked;
  for (const std::string_view component : path::components(directory)) {
    walked += cat("/", component);
    Result<sys::Fd> next = root.open_at(walked, flags);
    if (!next && next.error().code() == ENOENT) {
      // One component, so nothing is followed; the new directory is then found through the root.
      NVBOX_TRY(make(here, std::string(component), walked));
      next = root.open_at(walked, flags);
    }
    here = NVBOX_TRY(std::move(next));
  }
  return here;
}

Result<sys::Fd> make_directories(const Root& root, std::string_view directory) {
  const auto make = [&](const sys::Fd& parent, const std::string& name,
                        const std::string& path) -> Result<> {
    const std::string where = cat("make directory ", path::join(root.path(), path));
    const auto leave = NVBOX_TRY(LeaveToChange::take(root, parent.get()).in(where));
    if (mkdirat(parent.get(), name.c_str(), directory_mode) == 0 || errno == EEXIST) return {};
    return Error(where, errno);
  };
  return make_directories(root, directory, make);
}

Result<Changed> make_link(const Root& root, std::string_view target, std::string_view link) {
  const std::string name(path::base_name(link));
  const std::string where = path::join(root.path(), link);
  if (name.empty() || name == "." || name == "..") return Error(cat("link ", where), EINVAL);
  const sys::Fd directory = NVBOX_TRY(make_directories(root, path::parent(link)).in("link"));
  const std::string text(target);
  if (sys::link_text(directory.get(), name) == text) return Changed::no;
  const auto leave = NVBOX_TRY(LeaveToChange::take(root, directory.get()).in(cat("link ", where)));
  if (symlinkat(text.c_str(), directory.get(), name.c_str()) == 0) return Changed::yes;
  if (errno != EEXIST) return Error(cat("link ", where), errno);
  const std::string temporary = cat(".", name, ".nvbox-", getpid());
  unlinkat(directory.get(), temporary.c_str(), 0);
  if (symlinkat(text.c_str(), directory.get(), temporary.c_str()) != 0) {
    return Error(cat("link ", where), errno);
  }
  if (renameat(directory.get(), temporary.c_str(), directory.get(), name.c_str()) != 0) {
    const int failure = errno;
    unlinkat(directory.get(), temporary.c_str(), 0);
    return Error(cat("link ", where), failure);
  }
  return Changed::yes;
}

namespace {

Result<Changed> write(const Root& root, std::string_view path, std::string_view text, mode_t mode,
                      sys::Flushed flushed) {
  const std::string name(path::base_name(path));
  const std::string where = path::join(root.path(), path);
  if (name.empty() || name == "." || name == "..") return Error(cat("write ", where), EINVAL);
  const sys::Fd directory = NVBOX_TRY(make_directories(root, path::parent(path)).in("write"));
  if (has_content(directory.get(), name, text)) return Changed::no;
  const auto leave = NVBOX_TRY(LeaveToChange::take(root, directory.get()).in(cat("write ", where)));
  NVBOX_TRY(sys::replace_file(directory.get(), name, text, mode, flushed).in(cat("write ", where)));
  return Changed::yes;
}

}  // namespace

Result<Changed> write_file(const Root& root, std::string_view path, std::string_view text,
                           mode_t mode) {
  return write(root, path, text, mode, sys::Flushed::yes);
}

Result<Changed> write_container_file(const Root& container, std::string_view path,
                                     std::string_view text, mode_t mode) {
  return write(container, path, text, mode, sys::Flushed::no);
}

Result<Changed> remove_file(const Root& root, std::string_view path) {
  const Result<sys::Fd> directory = root.open_at(path::parent(path), O_PATH | O_DIRECTORY);
  if (!directory && is_absence(directory.error())) return Changed::no;
  if (!directory) return directory.error();
  const std::string name(path::base_name(path));
  // On a read-only file system unlinkat(2) says so even where there is nothing to remove.
  struct stat info {};
  const bool exists = fstatat(directory->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (!exists && errno == ENOENT) return Changed::no;
  const std::string where = cat("remove ", path::join(root.path(), path));
  const auto leave = NVBOX_TRY(LeaveToChange::take(root, directory->get()).in(where));
  if (unlinkat(directory->get(), name.c_str(), 0) == 0) return Changed::yes;
  return Error(where, errno);
}

Result<Changed> change_mode(const Root& root, std::string_view path, mode_t mode) {
  const sys::Fd file = NVBOX_TRY(root.open_at(path, O_PATH));
  const std::string where = path::join(root.path(), path);
  constexpr mode_t permissions = 07777;
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return Error(cat("stat ", where), errno);
  if ((info.st_mode & permissions) == mode) return Changed::no;
  const auto leave = NVBOX_TRY(LeaveToChange::take(root, file.get()).in(where));
  // fchmod(2) refuses a descriptor of O_PATH; its name in /proc is that very file.
  if (chmod(sys::proc_path(file.get()).c_str(), mode) != 0) {
    return Error(cat("change the mode of ", where), errno);
  }
  return Changed::yes;
}

namespace {

Result<bool> is_on_own_mount(const Root& root, int file) {
  const auto found = NVBOX_TRY(sys::mount_id(file));
  if (found == NVBOX_TRY(sys::mount_id(root.fd()))) return true;
  // Not where a link of the image leads: nothing but the runtime's own mount is meant.
  const Result<sys::Fd> devices = root.open_at("/dev", O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return devices && found == NVBOX_TRY(sys::mount_id(devices->get()));
}

}  // namespace

Result<LeaveToChange> LeaveToChange::take(const Root& root, int file) {
  if (root.is_container() && !NVBOX_TRY(is_on_own_mount(root, file))) {
    return Error("it is on another mount than the container's root", EXDEV);
  }
  return LeaveToChange(file);
}

bool is_closed_to_changes(const Error& error) {
  return error.code() == EROFS || error.code() == EXDEV || error.code() == EBUSY;
}

namespace {

Result<sys::Fd> open_parent(const Root& root, std::string_view path) {
  return root.open_at(path::parent(path), O_PATH | O_DIRECTORY);
}

bool is_same_file(int directory, const std::string& one, const std::string& other) {
  struct stat first {};
  struct stat second {};
  return fstatat(directory, one.c_str(), &first, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstatat(directory, other.c_str(), &second, AT_SYMLINK_NOFOLLOW) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool lacks_hard_links(int errno_value) {
  return errno_value == EPERM || errno_value == EOPNOTSUPP || errno_value == EMLINK ||
         errno_value == ENOSYS;
}

}  // namespace

Result<> keep_as(const Root& root, std::string_view path, std::string_view other) {
  const std::string where = cat("keep ", path::join(root.path(), path), " as ", other);
  const sys::Fd directory = NVBOX_TRY(open_parent(root, path).in(where));
  const std::string name(path::base_name(path));
  const std::string second(path::base_name(other));
  if (linkat(directory.get(), name.c_str(), directory.get(), second.c_str(), 0) == 0) return {};
  if (errno == EEXIST && is_same_file(directory.get(), name, second)) return {};
  if (!lacks_hard_links(errno)) return Error(where, errno);
  if (renameat2(directory.get(), name.c_str(), directory.get(), second.c_str(), RENAME_NOREPLACE) !=
      0) {
    return Error(where, errno);
  }
  return {};
}

Result<> rename_file(const Root& root, std::string_view from, std::string_view to) {
  const std::string where = cat("rename ", path::join(root.path(), from), " to ", to);
  const sys::Fd directory = NVBOX_TRY(open_parent(root, from).in(where));
  const std::string name(path::base_name(from));
  const std::string target(path::base_name(to));
  // rename(2) of a file over another name of itself does nothing.
  if (is_same_file(directory.get(), name, target)) {
    if (unlinkat(directory.get(), name.c_str(), 0) == 0) return {};
    return Error(where, errno);
  }
  if (renameat(directory.get(), name.c_str(), directory.get(), target.c_str()) == 0) return {};
  return Error(where, errno);
}

Result<Changed> remove_empty_directory(const Root& root, std::string_view path) {
  const Result<sys::Fd> directory = open_parent(root, path);
  if (!directory && is_absence(directory.error())) return Changed::no;
  if (!directory) return directory.error();
  const std::string name(path::base_name(path));
  if (unlinkat(directory->get(), name.c_str(), AT_REMOVEDIR) == 0) return Changed::yes;
  if (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
    return Changed::no;
  }
  return Error(cat("remove directory ", path::join(root.path(), path)), errno);
}

}  // namespace nvbox::host
