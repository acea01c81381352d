// One case: a container that is being made, the program, and what came of it.
#pragma once

#include <vector>

#include "matrix_checks.h"
#include "matrix_host.h"

namespace nvbox::test::matrix {

struct Limits {
  int seconds;             // until a program counts as one that hangs
  long kilobytes = 65536;  // of memory
};

// Runs the case on the host that this process has entered, whose files are `host`. Changes this
// process's mount namespace, and must be called in a process of its own.
std::vector<Finding> run_case(const Case& item, const Subject& subject, const Limits& limits,
                              const Snapshot& host);

}  // namespace nvbox::test::matrix
