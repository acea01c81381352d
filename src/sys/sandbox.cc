#include "sys/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
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

}  // namespace nvbox::sys
