// The chmod hook, which specifications from before 1.16 of NVIDIA's toolkit have.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"

namespace nvbox::hook {

// Octal permission bits, "755".
Result<mode_t> parse_mode(std::string_view text);

// Gives every path in the container that exists these permission bits, following links inside its
// root. Where that is not permitted, or the file system is read-only, it is logged and tolerated;
// any other error is returned after all paths were tried.
Result<> change_modes(const host::Root& container, std::span<const std::string> paths, mode_t mode,
                      const Log& log);

}  // namespace nvbox::hook
