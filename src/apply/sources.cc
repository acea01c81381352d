#include "apply/sources.h"

#include <fcntl.h>
#include <cerrno>

#include "base/path.h"
#include "base/text.h"
#include "sys/file.h"

namespace nvbox::apply {
namespace {

// A node is made read-only as a file, which does not keep anyone from writing to the device.
constexpr sys::Restrictions node_restrictions =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;

Result<HostSource> open_any(const host::Root& host, const std::string& path,
                            sys::Restrictions restrictions, Transfer transfer) {
  const std::string where = path::join(host.path(), path);
  Result<sys::Fd> fd = host.open_at(path, O_PATH);
  if (!fd) return Error(cat("stat failed: ", where), fd.error().code());
  HostSource source = {.restrictions = restrictions};
  if (fstat(fd->get(), &source.status) != 0) return Error(cat("stat failed: ", where), errno);
  // A directory in /tmp may be somebody's who put a link in its place since it was looked for.
  if (S_ISDIR(source.status.st_mode) && NVBOX_TRY(sys::path_of(fd->get())) != where) {
    return Error(cat("mount operation failed: ", where, " is somewhere else by now"));
  }
  if (transfer == Transfer::reopen) {
    source.path = NVBOX_TRY(sys::path_of(fd->get()));
    return source;
  }
  source.mount = NVBOX_TRY(sys::clone_mount(std::move(fd).value(), restrictions)
                               .in(cat("mount operation failed: ", where)));
  return source;
}

Result<HostSource> open_checked(const host::Root& host, const BindMount& step, Transfer transfer) {
  HostSource source = NVBOX_TRY(open_any(host, step.host_path, step.restrictions, transfer));
  if (step.source == Source::library_or_program && !S_ISREG(source.status.st_mode)) {
    return Error(cat("unexpected source file mode: ", path::join(host.path(), step.host_path),
                     " is not a regular file"));
  }
  return source;
}

}  // namespace

Result<std::optional<HostSource>> open_source(const host::Root& host, const BindMount& step,
                                              Transfer transfer, const Log& log) {
  Result<HostSource> source = open_checked(host, step, transfer);
  if (source) return std::optional(std::move(source).value());
  if (step.source != Source::anything_optional) return std::move(source).error();
  log.warning(cat(step.path, " is left out: ", source.error().message()));
  return std::nullopt;
}

Result<HostSource> open_source(const host::Root& host, const BindNode& step, Transfer transfer) {
  const std::string where = path::join(host.path(), step.host_path);
  const auto node = NVBOX_TRY(host.device(step.host_path));
  if (!node) return Error(cat("stat failed: ", where), ENOENT);
  if (node->type != step.type || node->major != step.major || node->minor != step.minor) {
    return Error(cat("invalid device node: ", where));
  }
  return open_any(host, step.host_path, node_restrictions, transfer);
}

Result<sys::MountFd> take_mount(HostSource source) {
  if (source.mount) return *std::move(source.mount);
  sys::Fd fd = NVBOX_TRY(sys::open_path(source.path, O_PATH | O_NOFOLLOW));
  struct stat found {};
  if (fstat(fd.get(), &found) != 0) return Error(cat("stat failed: ", source.path), errno);
  if (found.st_dev != source.status.st_dev || found.st_ino != source.status.st_ino) {
    return Error(cat("mount operation failed: ", source.path,
                     " is something else in the container's mount namespace"));
  }
  return sys::clone_mount(std::move(fd), source.restrictions);
}

}  // namespace nvbox::apply
