// Changes of names below a root: what an installation does to files that are in its way.
#pragma once

#include <string_view>

#include "base/result.h"
#include "host/root.h"
#include "host/root_write.h"

namespace nvbox::host {

// Gives the file or link `path` the second name `other` in the same directory, so that `path` can
// be replaced in one step. Where the file system has no hard links, the file is renamed. An error
// when there is something called `other`, unless that is the same file already.
Result<> keep_as(const Root& root, std::string_view path, std::string_view other);

// Renames `from` to `to`, in the same directory, over what has that name.
Result<> rename_file(const Root& root, std::string_view from, std::string_view to);

// Removes a directory that is empty; one that is not, or a link, stays.
Result<Changed> remove_empty_directory(const Root& root, std::string_view path);

}  // namespace nvbox::host
