// Landlock (Linux 5.13, landlock(7)): a process that gives up rights over files, without
// privileges. By plain system calls; nobody else's library is needed for three of them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::sys {

// The rules for a process that may change no file, make or remove none, and control no device
// (ioctl(2), from Linux 6.10 on) but those at and below these places; reading stays free. Places
// that do not exist are passed over. nullopt where the kernel has no Landlock, or it is off.
Result<std::optional<Fd>> write_only_below(std::span<const std::string> places);

// landlock_restrict_self(2): these rules hold for this thread from now on, and for what it starts.
// It has to have given up new privileges before. Safe between fork and exec.
int restrict_self(int rules);

}  // namespace nvbox::sys
