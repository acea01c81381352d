// What a program does first that runs with rights a container's author would like to have.
#pragma once

#include "base/result.h"

namespace nvbox::sys {

// Lets go of everything that the caller handed over: the environment (runc gives hooks that of the
// container, CVE-2025-23266), every descriptor but the standard three, and the working directory
// (runc: the container's root). Forbids core dumps and gaining privileges by exec.
Result<> enter_sandbox();

}  // namespace nvbox::sys
