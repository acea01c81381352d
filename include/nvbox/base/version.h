// Which nvbox this is.
#pragma once

#include <string_view>

namespace nvbox {

// "0.1.0", from CMakeLists.txt.
std::string_view version();

// The git commit of the build, empty when it was built outside a repository.
std::string_view commit();

}  // namespace nvbox
