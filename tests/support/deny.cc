#include "support/deny.h"

#include <seccomp.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "base/defer.h"
#include "base/text.h"

namespace nvbox::test {

Result<> deny(std::span<const std::string_view> calls, int errno_value) {
  if (calls.empty()) return {};
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return Error("make a seccomp filter", ENOMEM);
  const Defer release([filter] { seccomp_release(filter); });
  for (const std::string_view call : calls) {
    const int number = seccomp_syscall_resolve_name(std::string(call).c_str());
    if (number == __NR_SCMP_ERROR) return Error(cat("libseccomp does not know ", call));
    const int failure = seccomp_rule_add(
        filter, SCMP_ACT_ERRNO(static_cast<std::uint16_t>(errno_value)), number, 0);
    if (failure != 0) return Error(cat("deny ", call), -failure);
  }
  const int failure = seccomp_load(filter);
  if (failure != 0) return Error("load a seccomp filter", -failure);
  return {};
}

}  // namespace nvbox::test
