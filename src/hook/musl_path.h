// The library path of musl, which has no cache: /etc/ld-musl-ARCH.path.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"

namespace nvbox::hook {

// The path file of musl's loader in the container, "/etc/ld-musl-x86_64.path"; nullopt when the
// container has no such loader. The file need not exist.
std::optional<std::string> musl_path_file(const host::Root& container);

// Adds `compat_folders` at the front and `folders` at the end of musl's path. A file that must not
// be read, or is no path, counts as absent. What it says stays with its mode and owner.
Result<> update_musl_path(const host::Root& container, const std::string& file,
                          std::span<const std::string> folders,
                          std::span<const std::string> compat_folders, const Log& log);

}  // namespace nvbox::hook
