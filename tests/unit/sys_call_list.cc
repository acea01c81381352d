// What the kernel makes of a list, in processes that keep to it. Expectations are of seccomp(2).
#include "sys/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "support/sanitized.h"

namespace nvbox::sys {
namespace {

struct Call {
  long number;
  std::uint64_t arguments[6] = {};
};

long make(const Call& call) {
  const auto& argument = call.arguments;
  return syscall(call.number, argument[0], argument[1], argument[2], argument[3], argument[4],
                 argument[5]);
}

// Directly: _exit(3) of an instrumented build makes calls of its own before.
[[noreturn]] void leave(int status) {
  syscall(SYS_exit_group, status);
  __builtin_trap();
}

// 0 or the errno of each call, in a process that keeps to these numbers and to ending.
std::vector<int> results(std::vector<int> numbers, const std::vector<Call>& calls) {
  numbers.push_back(SYS_exit_group);
  constexpr size_t page = 4096;
  void* const memory =
      mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(memory, MAP_FAILED);
  auto* const errors = static_cast<int*>(memory);
  const pid_t child = fork();
  if (child == 0) {
    const bool is_ready = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && keep_to_calls(numbers);
    if (!is_ready) leave(1);
    for (size_t i = 0; i < calls.size(); ++i) errors[i] = make(calls[i]) < 0 ? errno : 0;
    leave(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::vector<int> out(errors, errors + calls.size());
  munmap(memory, page);
  return out;
}

using Results = std::vector<int>;

// No descriptor has this number, so that EBADF says that the kernel looked for it.
constexpr std::uint64_t nothing = 1'000'001;

class CallList : public testing::Test {
 protected:
  void SetUp() override {
    if (test::is_sanitized) GTEST_SKIP() << "sanitizers make calls of their own";
  }
};

TEST_F(CallList, lets_its_calls_pass_and_makes_others_fail_as_on_an_older_kernel) {
  EXPECT_EQ(results({SYS_getppid, SYS_dup},
                    {{SYS_getppid}, {SYS_dup, {nothing}}, {SYS_getuid}, {SYS_close, {nothing}}}),
            (Results{0, EBADF, ENOSYS, ENOSYS}));
}

// Each number that has one that is allowed beside it, on either side or on both.
TEST_F(CallList, tells_numbers_apart_that_lie_side_by_side) {
  const std::vector<int> allowed = {SYS_close, SYS_dup, SYS_fsync};
  std::vector<Call> calls;
  Results expected;
  for (const int number : allowed) {
    for (const int near : {number - 1, number, number + 1}) {
      calls.push_back({near, {nothing, nothing, nothing, nothing, nothing, nothing}});
      const bool is_allowed = near == SYS_close || near == SYS_dup || near == SYS_fsync;
      expected.push_back(is_allowed ? EBADF : ENOSYS);
    }
  }
  EXPECT_EQ(results(allowed, calls), expected);
}

TEST_F(CallList, does_not_mind_order_and_repetition) {
  EXPECT_EQ(results({SYS_getuid, SYS_dup, SYS_getuid, SYS_close},
                    {{SYS_close, {nothing}}, {SYS_dup, {nothing}}, {SYS_getuid}, {SYS_getppid}}),
            (Results{EBADF, EBADF, 0, ENOSYS}));
}

TEST_F(CallList, starts_no_program) {
  static const char path[] = "/bin/true";
  static const char* const arguments[] = {path, nullptr};
  const auto address = [](const void* memory) { return reinterpret_cast<std::uint64_t>(memory); };
  EXPECT_EQ(results({SYS_read}, {{SYS_execve, {address(path), address(arguments), 0}},
                                 {SYS_execveat, {nothing, address(path), address(arguments)}}}),
            (Results{ENOSYS, ENOSYS}));
}

TEST_F(CallList, makes_no_memory_code) {
  constexpr std::uint64_t page = 4096;
  constexpr std::uint64_t data = PROT_READ | PROT_WRITE;
  constexpr std::uint64_t code = PROT_READ | PROT_EXEC;
  constexpr std::uint64_t own = MAP_PRIVATE | MAP_ANONYMOUS;
  void* const memory = mmap(nullptr, page, PROT_READ | PROT_WRITE, own, -1, 0);
  const auto address = reinterpret_cast<std::uint64_t>(memory);
  EXPECT_EQ(results({SYS_mmap, SYS_mprotect}, {{SYS_mmap, {0, page, data, own, ~0ULL}},
                                               {SYS_mmap, {0, page, code, own, ~0ULL}},
                                               {SYS_mprotect, {address, page, data}},
                                               {SYS_mprotect, {address, page, code}},
                                               {SYS_getppid}}),
            (Results{0, ENOSYS, 0, ENOSYS, ENOSYS}));
  munmap(memory, page);
}

// A jump of a filter is 255 instructions at most.
TEST_F(CallList, that_is_too_long_is_an_error) {
  std::vector<int> numbers;
  for (int number = 0; number < 2000; number += 2) numbers.push_back(number);
  const auto list = call_list(numbers);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code(), EOVERFLOW);
}

}  // namespace
}  // namespace nvbox::sys
