// How many files this process may have open at once.
#pragma once

#include <sys/resource.h>

#include <optional>

namespace nvbox::sys {

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
