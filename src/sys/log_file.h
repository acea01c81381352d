// A log that is written to a file.
#pragma once

#include <functional>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace nvbox::sys {

// Appends lines to the file at `path`, which the first line makes, with the directories above it:
// a program that nothing is said about costs nothing. /dev/stderr and /dev/stdout are the
// descriptors of this process, which may be sockets, or belong to somebody else, and cannot be
// opened a second time then. What goes wrong is told to `on_failure` once and ends the writing: a
// log never stops a program.
Log::Sink log_file(std::string path, std::function<void(const Error&)> on_failure);

}  // namespace nvbox::sys
