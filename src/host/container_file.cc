#include "host/container_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cerrno>

#include <algorithm>
#include <cstdint>

#include "base/path.h"
#include "base/text.h"
#include "host/root_write.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace nvbox::host {
namespace {

// File systems whose files are made up by the kernel when they are read. Those that <linux/magic.h>
// lacks are from the kernel's own sources: configfs (fs/configfs/mount.c), mqueue (ipc/mqueue.c),
// fusectl (fs/fuse/control.c), rpc_pipefs (net/sunrpc/rpc_pipe.c), nfsd (fs/nfsd/nfsctl.c),
// functionfs and gadgetfs (drivers/usb/gadget).
constexpr std::uint32_t kernel_file_systems[] = {
    PROC_SUPER_MAGIC, SYSFS_MAGIC,          CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
    DEBUGFS_MAGIC,    TRACEFS_MAGIC,        SECURITYFS_MAGIC,   SELINUX_MAGIC,
    SMACK_MAGIC,      AAFS_MAGIC,           DEVPTS_SUPER_MAGIC, BPF_FS_MAGIC,
    PSTOREFS_MAGIC,   EFIVARFS_MAGIC,       BINFMTFS_MAGIC,     BINDERFS_SUPER_MAGIC,
    NSFS_MAGIC,       RDTGROUP_SUPER_MAGIC, AUTOFS_SUPER_MAGIC, XENFS_SUPER_MAGIC,
    PIPEFS_MAGIC,     SOCKFS_MAGIC,         BDEVFS_MAGIC,       ANON_INODE_FS_MAGIC,
    DMA_BUF_MAGIC,    DEVMEM_MAGIC,         SECRETMEM_MAGIC,    OPENPROM_SUPER_MAGIC,
    0x62656570,  // configfs
    0x19800202,  // mqueue
    0x65735543,  // fusectl
    0x67596969,  // rpc_pipefs
    0x6e667364,  // nfsd
    0x0a647361,  // functionfs
    0xaee71ee7,  // gadgetfs
};

Result<> check_file_system(int fd) {
  struct statfs status {};
  if (fstatfs(fd, &status) != 0) return Error("statfs", errno);
  // f_type is signed and of other widths elsewhere; the numbers have 32 bits.
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  if (std::ranges::find(kernel_file_systems, magic) == std::end(kernel_file_systems)) return {};
  return Error("it is on proc, sysfs or a similar file system");
}

Result<struct stat> status_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return Error("stat", errno);
  return status;
}

Result<> check_mount(const Root& root, int found) {
  if (NVBOX_TRY(sys::mount_id(root.fd())) == NVBOX_TRY(sys::mount_id(found))) return {};
  return Error("which is on another mount", EXDEV);
}

}  // namespace

Result<struct stat> status_of_data(int found) {
  const struct stat status = NVBOX_TRY(status_of(found));
  if (S_ISDIR(status.st_mode)) return Error("it is a directory", EISDIR);
  if (!S_ISREG(status.st_mode)) return Error("it is no regular file");
  NVBOX_TRY(check_file_system(found));
  return status;
}

Result<ContainerFile> open_found_file(int found) {
  const struct stat status = NVBOX_TRY(status_of_data(found));
  ContainerFile file;
  file.fd = sys::reopen(found, status);
  if (!file.fd) return Error("open", errno);
  file.status = NVBOX_TRY(status_of(file.fd.get()));
  return file;
}

Result<std::optional<ContainerFile>> open_container_file(const Root& root, std::string_view path) {
  const std::string where = cat("read ", path::join(root.path(), path));
  const Result<sys::Fd> found = root.open_at(path, O_PATH);
  if (!found && is_absence(found.error())) return std::nullopt;
  if (!found) return found.error();
  NVBOX_TRY(check_mount(root, found->get()).in(where));
  return std::optional(NVBOX_TRY(open_found_file(found->get()).in(where)));
}

Result<std::optional<ContainerText>> read_container_text(const Root& root, std::string_view path,
                                                         size_t limit) {
  const std::optional<ContainerFile> file = NVBOX_TRY(open_container_file(root, path));
  if (!file) return std::nullopt;
  std::string text = NVBOX_TRY(
      sys::read_all(file->fd.get(), limit).in(cat("read ", path::join(root.path(), path))));
  return std::optional(ContainerText{std::move(text), file->status});
}

Result<> write_container_text(const Root& root, std::string_view path, std::string_view text,
                              const struct stat& source) {
  const std::string where = cat("write ", path::join(root.path(), path));
  const sys::Fd directory = NVBOX_TRY(make_directories(root, path::parent(path)).in(where));
  const auto leave = NVBOX_TRY(LeaveToChange::take(root, directory.get()).in(where));
  sys::NewFile file = NVBOX_TRY(
      sys::NewFile::create(directory.get(), path::base_name(path), source.st_mode & mode_t{0777})
          .in(where));
  const struct stat made = NVBOX_TRY(status_of(file.fd()).in(where));
  const bool is_owner = made.st_uid == source.st_uid && made.st_gid == source.st_gid;
  if (!is_owner && fchown(file.fd(), source.st_uid, source.st_gid) != 0) {
    return Error(cat(where, ": keep the owner of its text"), EPERM);
  }
  NVBOX_TRY(sys::write_all(file.fd(), text).in(where));
  return file.commit(sys::Flushed::no).in(where);
}

}  // namespace nvbox::host
