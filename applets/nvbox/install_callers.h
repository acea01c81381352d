// What on the host calls programs by their paths: specifications and configurations of engines.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/root.h"

namespace nvbox::applets::installation {

// Whether the text has one of the paths whole: not as a part of a longer path.
bool names_any(std::string_view text, const std::set<std::string>& paths);

// Specifications in the places of nvidia-cdi-refresh.service that have one of the programs as a
// hook. Others are the administrator's.
Result<std::vector<std::string>> made_specifications(const host::Root& root,
                                                     const std::set<std::string>& programs);

// Lines that say what is to be done once the files are gone: of configurations of engines that name
// one of them, and of units among them that are enabled.
Result<std::string> callers_note(const host::Root& root, const std::set<std::string>& gone);

}  // namespace nvbox::applets::installation
