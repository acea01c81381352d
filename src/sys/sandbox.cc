#include "sys/sandbox.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sys/fd.h"

namespace nvbox::sys {

Result<> enter_sandbox() {
  clearenv();
  close_from(STDERR_FILENO + 1);
  NVBOX_TRY(open_standard_descriptors());
  if (chdir("/") != 0) return Error("change to /", errno);
  umask(S_IWGRP | S_IWOTH);
  constexpr rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return Error("forbid core dumps", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error("forbid new privileges", errno);
  return {};
}

namespace {

#if defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#endif

constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | ENOSYS;

enum class Verdict { refuse, allow, allow_without_code };

// The numbers from `first` to the next range's.
struct Range {
  std::uint32_t first;
  Verdict verdict;
};

Verdict verdict_for(int number) {
  return number == SYS_mmap || number == SYS_mprotect ? Verdict::allow_without_code
                                                      : Verdict::allow;
}

std::vector<Range> ranges_of(std::span<const int> numbers) {
  std::vector<int> sorted(numbers.begin(), numbers.end());
  std::ranges::sort(sorted);
  std::vector<Range> ranges = {{0, Verdict::refuse}};
  const auto begin = [&ranges](std::uint32_t first, Verdict verdict) {
    // An empty one is replaced, and one like the former goes on.
    if (ranges.back().first == first) ranges.pop_back();
    if (ranges.empty() || ranges.back().verdict != verdict) ranges.push_back({first, verdict});
  };
  for (const int number : sorted) {
    begin(static_cast<std::uint32_t>(number), verdict_for(number));
    begin(static_cast<std::uint32_t>(number) + 1, Verdict::refuse);
  }
  return ranges;
}

using Filter = std::vector<sock_filter>;

sock_filter statement(unsigned code, std::uint32_t value) {
  return BPF_STMT(static_cast<std::uint16_t>(code), value);
}

sock_filter jump(unsigned code, std::uint32_t value, size_t if_true, size_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(code), value, static_cast<std::uint8_t>(if_true),
                  static_cast<std::uint8_t>(if_false));
}

void append_verdict(Verdict verdict, Filter& filter) {
  if (verdict == Verdict::allow_without_code) {
    // Both calls have what the memory is for as their third argument.
    constexpr size_t protection = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
    filter.push_back(statement(BPF_LD | BPF_W | BPF_ABS, protection));
    filter.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0));
    filter.push_back(statement(BPF_RET | BPF_K, allowed));
  }
  filter.push_back(statement(BPF_RET | BPF_K, verdict == Verdict::allow ? allowed : refused));
}

Result<> append_search(std::span<const Range> ranges, Filter& filter) {
  if (ranges.size() == 1) {
    append_verdict(ranges.front().verdict, filter);
    return {};
  }
  const size_t half = ranges.size() / 2;
  const size_t here = filter.size();
  filter.push_back({});
  NVBOX_TRY(append_search(ranges.first(half), filter));
  const size_t over = filter.size() - here - 1;
  if (over > UINT8_MAX) return Error("make a list of system calls", EOVERFLOW);
  filter[here] = jump(BPF_JMP | BPF_JGE | BPF_K, ranges[half].first, over, 0);
  return append_search(ranges.subspan(half), filter);
}

}  // namespace

Result<std::vector<sock_filter>> call_list(std::span<const int> numbers) {
  Filter filter = {
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      jump(BPF_JMP | BPF_JEQ | BPF_K, own_architecture, 1, 0),
      statement(BPF_RET | BPF_K, refused),
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  // Calls of x32 are numbers above all others.
  const std::vector<Range> ranges = ranges_of(numbers);
  NVBOX_TRY(append_search(ranges, filter));
  return filter;
}

Result<> keep_to_calls(std::span<const int> numbers) {
  Filter filter = NVBOX_TRY(call_list(numbers));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 || errno == EINVAL) return {};
  return Error("keep to a list of system calls", errno);
}

}  // namespace nvbox::sys
