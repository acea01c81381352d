// The enable-cuda-compat decision: may this image's CUDA compatibility libraries be used on this
// host's driver?
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"

namespace nvbox::hook {

struct HostDriver {
  std::string driver_version{};  // "535.261.03", empty when unknown
  std::string cuda_version{};    // "12.2", empty when unknown
};

struct CompatDecision {
  // The resolved directory of the libraries when they shall come first; empty otherwise.
  std::string directory{};
  // Why (not), one phrase for the log.
  std::string reason{};
  // It is nothing that an image usually has.
  bool is_worth_a_warning = false;
};

// Looks into `compat_root` of the container. Broken compatibility libraries are a reason, not an
// error.
Result<CompatDecision> decide_cuda_compat(const host::Root& container, const HostDriver& driver,
                                          std::string_view compat_root);

// Writes the reason to the log.
void tell(const CompatDecision& decision, const Log& log);

}  // namespace nvbox::hook
