#include "nvbox/sys/kernel.h"

#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nvbox::sys {

int openat2(int directory, const std::string& path, std::uint64_t flags, std::uint64_t mode,
            std::uint64_t resolve) {
  open_how how{};
  how.flags = flags;
  how.mode = mode;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
}

}  // namespace nvbox::sys
