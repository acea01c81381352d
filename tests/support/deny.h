// Makes system calls fail the way they do on an old kernel or under an engine's seccomp profile.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace nvbox::test {

// From now on each of `calls` fails with `errno_value` in this process and its children. There is
// no way back: call it in a child made for the purpose. Sets no_new_privs.
Result<> deny(std::span<const std::string_view> calls, int errno_value);

}  // namespace nvbox::test
