#include "sys/descriptor_limit.h"

#include <algorithm>

namespace nvbox::sys {
namespace {

// Sixteen GPUs with seven MIG devices each are some 300 mounts, which hold up to four each.
constexpr rlim_t enough = 4096;

}  // namespace

ManyDescriptors::ManyDescriptors() {
  rlimit before{};
  if (getrlimit(RLIMIT_NOFILE, &before) != 0 || before.rlim_cur >= enough) return;
  // With CAP_SYS_RESOURCE beyond the hard limit as well (setrlimit(2)).
  const rlimit raised = {.rlim_cur = enough, .rlim_max = std::max(enough, before.rlim_max)};
  const rlimit allowed = {.rlim_cur = std::min(enough, before.rlim_max),
                          .rlim_max = before.rlim_max};
  const bool is_raised =
      setrlimit(RLIMIT_NOFILE, &raised) == 0 || setrlimit(RLIMIT_NOFILE, &allowed) == 0;
  if (is_raised) before_ = before;
}

ManyDescriptors::~ManyDescriptors() {
  if (before_) (void)setrlimit(RLIMIT_NOFILE, &*before_);
}

}  // namespace nvbox::sys
