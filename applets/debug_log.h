// NVIDIA_CTK_DEBUG, the one way to see everything that any of the programs does: a true word (1,
// true, ...) sends every record to standard error, a path to that file.
#pragma once

#include <string_view>

#include "applet.h"

namespace nvbox::applets {

inline constexpr std::string_view debug_variable = "NVIDIA_CTK_DEBUG";

// Whose word the environment is. A hook whose caller gives it no variables has those of the
// container's image (CVE-2025-23266), which must not choose a file for root to write to.
enum class EnvironmentOf { host, image };

// The word and, where the host wrote it, the path.
void add_debug_log(const Call& call, EnvironmentOf author);

// The path alone, for programs with a --debug flag that the word sets.
void add_debug_file(const Call& call);

}  // namespace nvbox::applets
