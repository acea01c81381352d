#include "sys/seccomp.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include <memory>
#include <string>

#include "base/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace nvbox::sys {
namespace {

constexpr size_t most_bytes = size_t{BPF_MAXINSNS} * sizeof(sock_filter);

struct ReleaseFilter {
  void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

// libseccomp's functions return -errno.
Result<> checked(int code, std::string_view what) {
  if (code >= 0) return {};
  return Error(cat("make a list of system calls: ", what), -code);
}

Result<> allow(const Filter& filter, const AllowedCall& call) {
  const int number = seccomp_syscall_resolve_name(std::string(call.name).c_str());
  if (number == __NR_SCMP_ERROR) return {};
  const scmp_arg_cmp condition{call.argument, SCMP_CMP_MASKED_EQ, call.mask, call.value};
  const unsigned count = call.mask == 0 ? 0 : 1;
  return checked(seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, number, count, &condition),
                 call.name);
}

// The one way out of libseccomp 2.5 is a file.
Result<std::vector<sock_filter>> instructions_of(const Filter& filter) {
  const Fd file(memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return Error("make a file in memory", errno);
  NVBOX_TRY(checked(seccomp_export_bpf(filter.get(), file.get()), "write it out"));
  if (lseek(file.get(), 0, SEEK_SET) != 0) return Error("read a list of system calls", errno);
  const std::string bytes = NVBOX_TRY(read_all(file.get(), most_bytes));
  std::vector<sock_filter> instructions(bytes.size() / sizeof(sock_filter));
  std::memcpy(instructions.data(), bytes.data(), instructions.size() * sizeof(sock_filter));
  return instructions;
}

}  // namespace

Result<std::vector<sock_filter>> allow_list(std::span<const AllowedCall> calls) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!filter) return Error("make a list of system calls", ENOMEM);
  for (const AllowedCall& call : calls) NVBOX_TRY(allow(filter, call));
  return instructions_of(filter);
}

}  // namespace nvbox::sys
