// The enable-cuda-compat decision: may this image's CUDA compatibility libraries be used on this
// host's driver?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// How an enable-cuda-compat hook tells the update-ldcache hook that runs after it: by a file of the
// loader's configuration whose name comes before those of other folders. Each may be a process of
// this program or of NVIDIA's.

// Decides about the libraries in `compat_root` of the container, and writes or removes the file
// accordingly. Its name is the same at every start. A read-only /etc is logged and tolerated.
// Returns the folder that the file names; empty when there is none.
Result<std::string> enable_cuda_compat(const host::Root& container, const HostDriver& driver,
                                       std::string_view compat_root, const Log& log);

// The directories that such files name, this program's and NVIDIA's, each once and in the
// loader's order. Of more than 64, which no image has, the first ones.
std::vector<std::string> enabled_compat_folders(const host::Root& container, const Log& log);

}  // namespace nvbox::hook
