// Limits of this process: how long it may run, and how many files it may have open at once.
#pragma once

#include <sys/resource.h>

#include <optional>
#include <string_view>

namespace nvbox::sys {

// When this process is still there after so many seconds (alarm(2)), it says so on standard error,
// under its `name`, and exits with status 1. Processes that it starts are not affected.
void end_after(unsigned seconds, std::string_view name);

// While it lives, this process may have as many descriptors as a container with many GPUs needs, as
// far as its hard limit and its rights allow: each mount of a run holds some, and a caller's limit
// may be 64. Programs that are executed afterwards have the caller's limit again.
class ManyDescriptors {
 public:
  ManyDescriptors();
  ManyDescriptors(const ManyDescriptors&) = delete;
  ManyDescriptors& operator=(const ManyDescriptors&) = delete;
  ~ManyDescriptors();

 private:
  std::optional<rlimit> before_{};
};

}  // namespace nvbox::sys
