// What a file has besides its text.
#pragma once

#include <string>

#include "base/result.h"

namespace nvbox::engine {

// Gives the new file what the file at `path` has: owner, mode, and extended attributes, among them
// SELinux' label and access control lists. Nothing when there is no such file. An attribute that
// may not be set is left out; another owner is an error.
Result<> copy_attributes(const std::string& path, int new_file);

}  // namespace nvbox::engine
