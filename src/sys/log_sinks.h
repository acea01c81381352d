// Where lines of a log go: a file, or the host's system log.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace nvbox::sys {

// Appends lines to the file at `path`, which the first line makes, with the directories above it:
// a program that nothing is said about costs nothing. /dev/stderr and /dev/stdout are the
// descriptors of this process, which may be sockets, or belong to somebody else, and cannot be
// opened a second time then. What goes wrong is told to `on_failure` once and ends the writing: a
// log never stops a program.
Log::Sink log_file(std::string path, std::function<void(const Error&)> on_failure);

// A sink that sends each line as a warning of a daemon called `program`, in the form of RFC 3164 as
// syslog(3) writes it but for the time, which whoever reads it adds (4.3.2): to know the local
// time, the C library opens a file that the environment names. Lines that nobody takes at once are
// dropped: a log never stops a program, nor holds it up. A line is cut where the whole would be
// longer than the RFC's 1024 bytes. The socket is looked up by this call and never again, because
// programs go into containers, whose /dev/log is anybody's.
Log::Sink system_log(std::string program, std::string_view socket = "/dev/log");

}  // namespace nvbox::sys
