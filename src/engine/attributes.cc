#include "engine/attributes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cerrno>

#include <string_view>

#include "base/text.h"

namespace nvbox::engine {
namespace {

constexpr size_t largest = size_t{64} * 1024;  // XATTR_SIZE_MAX and XATTR_LIST_MAX

void copy_extended(const std::string& path, int new_file) {
  std::string names(largest, '\0');
  const ssize_t length = listxattr(path.c_str(), names.data(), names.size());
  if (length <= 0) return;
  names.resize(static_cast<size_t>(length) - 1);
  std::string value(largest, '\0');
  for (const std::string_view name : split(names, '\0')) {
    const std::string text(name);
    const ssize_t size = getxattr(path.c_str(), text.c_str(), value.data(), value.size());
    if (size < 0) continue;
    (void)fsetxattr(new_file, text.c_str(), value.data(), static_cast<size_t>(size), 0);
  }
}

}  // namespace

Result<> copy_attributes(const std::string& path, int new_file) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  const bool is_others = info.st_uid != geteuid() || info.st_gid != getegid();
  if (is_others && fchown(new_file, info.st_uid, info.st_gid) != 0) {
    return Error("keep the owner", errno);
  }
  if (fchmod(new_file, info.st_mode & mode_t{07777}) != 0) return Error("keep the mode", errno);
  copy_extended(path, new_file);
  return {};
}

}  // namespace nvbox::engine
