// What of a container may be changed. An image decides where its paths lead, and volumes have other
// owners: with /etc as a link to a volume, /etc/ld.so.cache would be a file of the host. So
//  - what has content (files, links), and whatever is removed or replaced or gets another mode, has
//    to be on the mount of the container's root, or on the one at its /dev, which the low-level
//    runtime makes for it;
//  - what is only mounted over (empty files and directories) is made wherever its path leads below
//    the root, because /run or a folder of libraries may be mounts. Nothing that exists is changed.
#pragma once

#include "base/result.h"
#include "host/root.h"
#include "sys/namespaces.h"

namespace nvbox::host {

// Held while an entry of a directory is made, replaced or removed. In a sys::FileOwnerScope it is
// also the owner's right to change a directory of his whatever its mode.
class LeaveToChange {
 public:
  // EXDEV when `file`, a descriptor below `root`, is on a mount that is not the container's own.
  // Below a root that is not a container's (Root::open) everything may be changed.
  static Result<LeaveToChange> take(const Root& root, int file);

  // For what is mounted over. `directory` may be anywhere.
  static LeaveToChange for_mount_target(int directory) { return LeaveToChange(directory); }

 private:
  explicit LeaveToChange(int directory) : owner_(directory) {}

  sys::DirectoryOwnerScope owner_;
};

// Whether an error says that a place may not be changed: it is read-only, or not the container's,
// or somebody mounted something over that very file (rename(2) and unlink(2) then answer EBUSY).
bool is_closed_to_changes(const Error& error);

}  // namespace nvbox::host
