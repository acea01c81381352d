#include "nvbox/sys/sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>

#include "nvbox/sys/fd.h"

namespace nvbox::sys {
namespace {

// A standard descriptor that is closed would be taken by the next file that is opened, and messages
// would be written into that.
Result<> fill_standard_descriptors() {
  while (true) {
    Fd null(open("/dev/null", O_RDWR));
    if (!null) return Error("open /dev/null", errno);
    if (null.get() > STDERR_FILENO) return {};
    null.release();
  }
}

}  // namespace

Result<> enter_sandbox() {
  clearenv();
  close_from(STDERR_FILENO + 1);
  NVBOX_TRY(fill_standard_descriptors());
  if (chdir("/") != 0) return Error("change to /", errno);
  umask(S_IWGRP | S_IWOTH);
  constexpr rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return Error("forbid core dumps", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error("forbid new privileges", errno);
  return {};
}

}  // namespace nvbox::sys
