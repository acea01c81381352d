#include "host/root_move.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>

#include <string>

#include "base/path.h"
#include "base/text.h"
#include "sys/fd.h"

namespace nvbox::host {
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
