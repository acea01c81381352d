#include "nvidia_ctk/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>

#include "base/path.h"
#include "base/text.h"
#include "host/root.h"
#include "host/root_write.h"
#include "sys/file.h"

namespace nvbox::applets {
namespace {

// The kernel's limit (path_resolution(7)).
constexpr int most_links = 40;

// The file behind all links, also where the last of them leads to nothing yet.
Result<std::string> behind_links(const host::Root& root, std::string path) {
  for (int links = 0; links < most_links; ++links) {
    const std::optional<std::string> resolved = NVBOX_TRY(root.resolve(path));
    if (resolved) return *resolved;
    const std::optional<std::string> target = NVBOX_TRY(root.read_link(path));
    if (!target) return path;
    path = target->starts_with('/') ? *target : path::join(path::parent(path), *target);
  }
  return Error(cat("write ", path), ELOOP);
}

// What /dev/stdout leads to is not to be replaced.
bool is_stream(const std::string& path) {
  return path::is_below(path, "/dev") || path::is_below(path, "/proc");
}

Result<> write_stream(const std::string& path, std::string_view text) {
  const sys::Fd file = NVBOX_TRY(sys::open_path(path, O_WRONLY | O_TRUNC));
  return sys::write_all(file.get(), text).in(path);
}

}  // namespace

Result<std::optional<std::string>> read_named_file(const std::string& path) {
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  return root.read(NVBOX_TRY(host::absolute_path(path)));
}

Result<> write_named_file(const std::string& path, std::string_view text) {
  const std::string place = path::clean(NVBOX_TRY(host::absolute_path(path)));
  if (is_stream(place)) return write_stream(place, text);
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  const std::string target = NVBOX_TRY(behind_links(root, place));
  const std::optional<struct stat> there = NVBOX_TRY(root.stat(target));
  if (there && S_ISDIR(there->st_mode)) return Error(cat("write ", path), EISDIR);
  if (there && !S_ISREG(there->st_mode)) return write_stream(target, text);
  const auto written = host::write_file(root, target, text);
  if (!written) return written.error();
  return {};
}

}  // namespace nvbox::applets
