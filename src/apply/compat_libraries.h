// An image's CUDA compatibility libraries, for mounting them beside the driver's.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"

namespace nvbox::apply {

struct CompatLibrary {
  std::string name;       // "libcuda.so.570.86.15", without links
  std::string soname;     // "libcuda.so.1"; empty when it is the name or not a plain one
  bool is_newer = false;  // than the driver
  sys::Fd file;           // O_PATH, a regular file
};

// Those of `compat_root` whose major version is not the driver's, each file once. Whatever is not
// a regular file is left out, with a warning where it leads to what may not be looked at.
Result<std::vector<CompatLibrary>> find_compat_libraries(const host::Root& container,
                                                         const std::string& compat_root,
                                                         const std::string& driver_version,
                                                         const Log& log);

}  // namespace nvbox::apply
