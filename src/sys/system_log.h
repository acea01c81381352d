// The host's system log: systemd's journal, or whoever else reads /dev/log.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace nvbox::sys {

// A sink that sends each line as a warning of a daemon called `program`, in the form of RFC 3164 as
// syslog(3) writes it but for the time, which whoever reads it adds (4.3.2): to know the local
// time, the C library opens a file that the environment names. Lines that nobody takes at once are
// dropped: a log never stops a program, nor holds it up. A line is cut where the whole would be
// longer than the RFC's 1024 bytes. The socket is looked up by this call and never again, because
// programs go into containers, whose /dev/log is anybody's.
Log::Sink system_log(std::string program, std::string_view socket = "/dev/log");

}  // namespace nvbox::sys
