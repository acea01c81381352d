// Cases that need mounts, each in a child process with a mount namespace of its own (and a user
// namespace when the tests do not run as root).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace nvbox::test {

// System calls that fail with an errno during a case; the name is part of the test's name.
struct Denial {
  std::string name = "nothing_denied";
  std::vector<std::string_view> calls{};
  int errno_value = 0;
};
void PrintTo(const Denial& denial, std::ostream* out);
std::string name_of(const testing::TestParamInfo<Denial>& info);

// Nothing, then each of `calls` alone and all of them together with ENOSYS and with EPERM.
std::vector<Denial> each_denied(const std::vector<std::string_view>& calls);

// Runs `body` in the child, with the path of an empty tmpfs that ends with it. Failed expectations
// in the body fail the test; a body that takes longer than a minute does as well. Without the right
// to make namespaces the test is skipped, or fails if NVBOX_MUST_RUN contains "namespaced".
void run_case(const Denial& denial, const std::function<void(const std::string& scratch)>& body);

}  // namespace nvbox::test
