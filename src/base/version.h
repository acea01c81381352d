// Which nvbox this is.
#pragma once

#include <string_view>

namespace nvbox {

// "0.1.0", from CMakeLists.txt.
std::string_view version();

// The git commit of the build, empty when it was built outside a repository.
std::string_view commit();

// When that was committed, "2026-11-21T03:26+0000", or empty: a build has no date of its own, so
// that two builds of a commit are the same.
std::string_view commit_date();

}  // namespace nvbox
