// Changes below a root: the only functions that write into a container's file system. None follows
// a link out of the root, none leaves a half-written file, and in a container none changes anything
// on another mount (leave_to_change.h): that is an error with EXDEV.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"
#include "sys/namespaces.h"

namespace nvbox::host {

// Of every directory that is made: whoever owns it can remove what is in it (Debian Policy 10.9).
inline constexpr mode_t directory_mode = 0755;

// Opens `directory` for use as a directory descriptor, creating it and its parents where they are
// missing.
Result<sys::Fd> make_directories(const Root& root, std::string_view directory);

// The same with directories that `make` makes: `name` in `parent`, which is `path` below the root.
using MakeDirectory = std::function<Result<>(const sys::Fd& parent, const std::string& name,
                                             const std::string& path)>;
Result<sys::Fd> make_directories(const Root& root, std::string_view directory,
                                 const MakeDirectory& make);

enum class Changed { no, yes };

// Makes `link` a symbolic link with the text `target`. A file or link at its place is replaced in
// one step; a directory there is an error. The target's text is not resolved.
Result<Changed> make_link(const Root& root, std::string_view target, std::string_view link);

// Makes `path` a regular file with this content. A link at its place is replaced, not followed;
// a file that has the content already is left alone.
Result<Changed> write_file(const Root& root, std::string_view path, std::string_view text,
                           mode_t mode = 0644);

// The same for a file that every start of a container makes anew: it is not flushed to the disk,
// which would delay each start for nothing.
Result<Changed> write_container_file(const Root& container, std::string_view path,
                                     std::string_view text, mode_t mode = 0644);

// Makes sure that there is no file or link `path`. A link is removed, not followed.
Result<Changed> remove_file(const Root& root, std::string_view path);

// Gives what is at `path`, after following links inside the root, these permission bits.
Result<Changed> change_mode(const Root& root, std::string_view path, mode_t mode);

// What of a container may be changed. An image decides where its paths lead, and volumes have other
// owners: with /etc as a link to a volume, /etc/ld.so.cache would be a file of the host. So
//  - what has content (files, links), and whatever is removed or replaced or gets another mode, has
//    to be on the mount of the container's root, or on the one at its /dev, which the low-level
//    runtime makes for it;
//  - what is only mounted over (empty files and directories) is made wherever its path leads below
//    the root, because /run or a folder of libraries may be mounts. Nothing that exists is changed.

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

// Changes of names below a root: what an installation does to files that are in its way.

// Gives the file or link `path` the second name `other` in the same directory, so that `path` can
// be replaced in one step. Where the file system has no hard links, the file is renamed. An error
// when there is something called `other`, unless that is the same file already.
Result<> keep_as(const Root& root, std::string_view path, std::string_view other);

// Renames `from` to `to`, in the same directory, over what has that name.
Result<> rename_file(const Root& root, std::string_view from, std::string_view to);

// Removes a directory that is empty; one that is not, or a link, stays.
Result<Changed> remove_empty_directory(const Root& root, std::string_view path);

}  // namespace nvbox::host
