// A way to finish a container's root file system after the low-level runtime made it read-only.
#pragma once

#include <optional>

#include "sys/fd.h"

namespace nvbox::sys {

// The tree of the mount whose root is `directory`, everything mounted below included, with this one
// mount writable. Only who holds the descriptor sees it, and it ends with the descriptor.
//
// nullopt when the mount is writable anyway, and when read-only is more than what the runtime put
// on a bind mount of the directory onto itself: a file system that is read-only, or a directory
// that the engine gave to the runtime read-only. Also where the kernel lacks the calls (5.12).
std::optional<Fd> writable_view(int directory);

}  // namespace nvbox::sys
