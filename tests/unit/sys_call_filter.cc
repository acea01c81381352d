// What the filters of system calls answer, also where none can be installed, in an emulator. The
// instructions are those of the kernel's Documentation/networking/filter.rst; the architectures of
// <linux/audit.h> are the ELF machine with marks for 64 bits and little endian; numbers of calls
// are those of <asm/unistd.h>.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "sys/confine.h"
#include "sys/sandbox.h"

namespace nvbox::sys {
namespace {

#if defined(__aarch64__)
constexpr std::uint32_t own_architecture = 0xc00000b7;
constexpr std::uint32_t other_architecture = 0xc000003e;
constexpr int number_of_openat = 56;
constexpr int number_of_execve = 221;
#else
constexpr std::uint32_t own_architecture = 0xc000003e;
constexpr std::uint32_t other_architecture = 0xc00000b7;
constexpr int number_of_openat = 257;
constexpr int number_of_execve = 59;
#endif

constexpr std::uint32_t passes = SECCOMP_RET_ALLOW;
constexpr std::uint32_t is_unknown = SECCOMP_RET_ERRNO | ENOSYS;

bool is_taken(std::uint16_t code, std::uint32_t value, std::uint32_t with) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return value == with;
    case BPF_JGE:
      return value >= with;
    case BPF_JGT:
      return value > with;
    case BPF_JSET:
      return (value & with) != 0;
    default:
      throw std::runtime_error("a jump that this test does not know");
  }
}

// What the program returns for the call.
std::uint32_t answer(const std::vector<sock_filter>& program, const seccomp_data& call) {
  std::uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    if (step.code == (BPF_RET | BPF_K)) return step.k;
    if (step.code == (BPF_LD | BPF_W | BPF_ABS)) {
      if (step.k > sizeof call - sizeof accumulator) break;
      std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + step.k, sizeof accumulator);
    } else if (step.code == (BPF_ALU | BPF_AND | BPF_K)) {
      accumulator &= step.k;
    } else if (step.code == (BPF_JMP | BPF_JA)) {
      at += step.k;
    } else if (BPF_CLASS(step.code) == BPF_JMP && BPF_SRC(step.code) == BPF_K) {
      at += is_taken(step.code, accumulator, step.k) ? step.jt : step.jf;
    } else {
      throw std::runtime_error("an instruction that this test does not know");
    }
  }
  throw std::runtime_error("a program without an end");
}

seccomp_data call_of(int number, std::uint32_t architecture = own_architecture) {
  return {.nr = number, .arch = architecture, .instruction_pointer = 0, .args = {}};
}

TEST(CallFilter, of_numbers_knows_this_machine_and_no_other) {
  const auto list = call_list(std::vector{number_of_openat, number_of_openat + 2});
  ASSERT_TRUE(list);
  EXPECT_EQ(answer(*list, call_of(number_of_openat)), passes);
  EXPECT_EQ(answer(*list, call_of(number_of_openat + 1)), is_unknown);
  EXPECT_EQ(answer(*list, call_of(number_of_openat + 2)), passes);
  EXPECT_EQ(answer(*list, call_of(number_of_execve)), is_unknown);
  EXPECT_EQ(answer(*list, call_of(number_of_openat, other_architecture)), is_unknown);
}

TEST(CallFilter, of_names_knows_their_numbers_on_this_machine) {
  const auto list =
      allow_list(std::vector<AllowedCall>{{"openat", 2, 0x40, 0}, {"open", 1, 0x40, 0}});
  ASSERT_TRUE(list);
  seccomp_data call = call_of(number_of_openat);
  EXPECT_EQ(answer(*list, call), passes);
  call.args[2] = 0x40;
  EXPECT_NE(answer(*list, call), passes);
  EXPECT_NE(answer(*list, call_of(number_of_execve)), passes);
  EXPECT_NE(answer(*list, call_of(number_of_openat, other_architecture)), passes);
}

}  // namespace
}  // namespace nvbox::sys
