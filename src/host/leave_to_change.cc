#include "host/leave_to_change.h"

#include <fcntl.h>
#include <cerrno>

#include "sys/fd.h"
#include "sys/mount.h"

namespace nvbox::host {
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

}  // namespace nvbox::host
