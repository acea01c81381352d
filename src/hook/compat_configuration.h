// How an enable-cuda-compat hook tells the update-ldcache hook that runs after it: by a file of the
// loader's configuration whose name comes before those of other folders. Each may be a process of
// this program or of NVIDIA's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "hook/cuda_compat.h"
#include "host/root.h"

namespace nvbox::hook {

// Decides about the libraries in `compat_root` of the container, and writes or removes the file
// accordingly. Its name is the same at every start. A read-only /etc is logged and tolerated.
Result<> enable_cuda_compat(const host::Root& container, const HostDriver& driver,
                            std::string_view compat_root, const Log& log);

// Removes the file that enable_cuda_compat wrote at an earlier start.
Result<> forget_cuda_compat(const host::Root& container);

// The directories that such files name, this program's and NVIDIA's, each once and in the
// loader's order. Of more than 64, which no image has, the first ones.
std::vector<std::string> enabled_compat_folders(const host::Root& container, const Log& log);

}  // namespace nvbox::hook
