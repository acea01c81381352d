// The end of a program that must not wait for ever.
#pragma once

#include <string_view>

namespace nvbox::sys {

// When this process is still there after so many seconds (alarm(2)), it says so on standard error,
// under its `name`, and exits with status 1. Processes that it starts are not affected.
void end_after(unsigned seconds, std::string_view name);

}  // namespace nvbox::sys
