// NVIDIA_CTK_DEBUG, the one way to see everything that any of the programs does.
#pragma once

#include "applet.h"

namespace nvbox::applets {

// Whose word the environment is. A hook whose caller gives it no variables has those of the
// container's image (CVE-2025-23266), which must not choose a file for root to write to.
enum class EnvironmentOf { host, image };

// A true word (1, true, ...) sends every record to standard error; a path, where the host wrote it,
// to that file.
void add_debug_log(const Call& call, EnvironmentOf author);

// Warnings, without being asked, on standard error, for hooks: runtimes show it when one fails.
void add_warnings_on_standard_error(const Call& call);

}  // namespace nvbox::applets
