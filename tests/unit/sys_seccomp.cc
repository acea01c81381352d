#include "sys/confine.h"

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
#include <cstdlib>
#include <vector>

namespace nvbox::sys {
namespace {

struct Call {
  long number;
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

// Makes the calls, writes down what became of each, 0 or its errno, and ends the process. Directly:
// _exit(3) of an instrumented build makes calls of its own before.
void make(const std::vector<sock_filter>& filter, const std::vector<Call>& calls, int* results) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  const bool is_confined = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  if (!is_confined) syscall(SYS_exit_group, 1);
  for (size_t i = 0; i < calls.size(); ++i) {
    results[i] = syscall(calls[i].number, calls[i].first, calls[i].second) < 0 ? errno : 0;
  }
  syscall(SYS_exit_group, 0);
}

// What becomes of these calls in a process that may make the allowed ones only, and end.
std::vector<int> results(std::vector<AllowedCall> allowed, const std::vector<Call>& calls) {
  allowed.push_back({"exit_group"});
  const auto filter = allow_list(allowed);
  if (!filter) return {-1};
  // The process writes them without a system call.
  constexpr size_t page = 4096;
  void* const memory =
      mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return {-2};
  auto* const numbers = static_cast<int*>(memory);
  const pid_t child = fork();
  if (child == 0) make(*filter, calls, numbers);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::vector<int> out(numbers, numbers + calls.size());
  munmap(memory, page);
  return out;
}

using Results = std::vector<int>;

// No descriptor has such a number, so that EBADF says that the kernel looked for it.
constexpr std::uint64_t odd = 1'000'001;
constexpr std::uint64_t even = 1'000'002;
constexpr std::uint64_t all_bits = ~std::uint64_t{0};

TEST(AllowList, lets_its_calls_pass_and_makes_others_fail_as_on_an_older_kernel) {
  EXPECT_EQ(results({{"getppid"}}, {{SYS_getppid}, {SYS_getuid}, {SYS_dup, odd}}),
            (Results{0, ENOSYS, ENOSYS}));
  EXPECT_EQ(results({{"getuid"}, {"dup"}}, {{SYS_getppid}, {SYS_getuid}, {SYS_dup, odd}}),
            (Results{ENOSYS, 0, EBADF}));
}

TEST(AllowList, can_demand_the_value_of_an_argument) {
  EXPECT_EQ(results({{"dup", 0, all_bits, odd}}, {{SYS_dup, odd}, {SYS_dup, even}}),
            (Results{EBADF, ENOSYS}));
  EXPECT_EQ(results({{"fcntl", 1, all_bits, F_GETFD}},
                    {{SYS_fcntl, odd, F_GETFD}, {SYS_fcntl, odd, F_SETFD}, {SYS_fcntl, F_GETFD}}),
            (Results{EBADF, ENOSYS, ENOSYS}));
}

TEST(AllowList, looks_at_the_bits_of_the_mask_only) {
  EXPECT_EQ(results({{"dup", 0, 1, 1}}, {{SYS_dup, odd}, {SYS_dup, even}, {SYS_dup, odd + 2}}),
            (Results{EBADF, ENOSYS, EBADF}));
  EXPECT_EQ(results({{"dup", 0, 1, 0}}, {{SYS_dup, odd}, {SYS_dup, even}}),
            (Results{ENOSYS, EBADF}));
}

TEST(AllowList, compares_all_64_bits_of_an_argument) {
  constexpr std::uint64_t high_bit = std::uint64_t{1} << 32;
  EXPECT_EQ(results({{"dup", 0, all_bits, odd}}, {{SYS_dup, high_bit | odd}}), Results{ENOSYS});
  EXPECT_EQ(results({{"dup", 0, ~std::uint32_t{0}, odd}}, {{SYS_dup, high_bit | odd}}),
            Results{EBADF});
}

TEST(AllowList, takes_rows_for_the_same_call_as_alternatives) {
  EXPECT_EQ(results({{"dup", 0, all_bits, odd}, {"dup", 0, all_bits, even}},
                    {{SYS_dup, odd}, {SYS_dup, even}, {SYS_dup, even + 1}}),
            (Results{EBADF, EBADF, ENOSYS}));
}

TEST(AllowList, passes_over_calls_that_there_are_not) {
  EXPECT_EQ(results({{"no_such_call"}, {"getppid"}, {"mmap2"}, {"set_tls", 0, all_bits, 1}},
                    {{SYS_getppid}, {SYS_getuid}}),
            (Results{0, ENOSYS}))
      << "mmap2 and set_tls are of other architectures";
}

}  // namespace
}  // namespace nvbox::sys
