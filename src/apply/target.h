// Places in a container's root file system: found or made, and remembered in the journal when made.
#pragma once

#include <sys/types.h>

#include <string>

#include "apply/journal.h"
#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"

namespace nvbox::apply {

// What a directory is made for, on which depends where that may be (host/root_write.h).
enum class Purpose { mount_target, content };

// As host::make_directories.
Result<sys::Fd> make_directories(const host::Root& root, std::string_view directory,
                                 Purpose purpose, Journal& journal);

// A descriptor of something that a file can be mounted over. A file that exists is used as it is;
// otherwise an empty one with `mode` is made. Links and directories are errors that explain
// themselves.
Result<sys::Fd> file_target(const host::Root& root, const std::string& path, mode_t mode,
                            Journal& journal);

// The same for a directory.
Result<sys::Fd> directory_target(const host::Root& root, const std::string& path, Journal& journal);

// Makes `link` a symbolic link with the text `target`, in the place of whatever is not a directory.
// EXDEV where it would be on another mount than the container's own.
Result<> make_link(const host::Root& root, const std::string& target, const std::string& link,
                   Journal& journal);

// Makes a device node; one with the same number that is there already is kept.
Result<> make_container_node(const host::Root& root, const std::string& path, mode_t mode,
                             dev_t device, uid_t uid, gid_t gid, Journal& journal);

}  // namespace nvbox::apply
