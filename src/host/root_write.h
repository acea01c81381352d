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

}  // namespace nvbox::host
