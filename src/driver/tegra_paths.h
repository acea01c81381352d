// The paths below a root that a pattern of a CSV file stands for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "driver/context.h"
#include "host/root.h"

namespace nvbox::driver {

class PatternPaths {
 public:
  // Both must outlive it.
  PatternPaths(const Context& context, const host::Root& root) : context_(context), root_(root) {}

  // Sorted; one without wildcards stands for itself, whether it is there or not. Nothing more is
  // listed once all patterns together had their share.
  std::vector<std::string> of(std::string_view pattern);

 private:
  void add_matches(const std::string& parent, std::string_view pattern,
                   std::vector<std::string>& matching);

  const Context& context_;
  const host::Root& root_;
  // Patterns of real files list one or two directories.
  size_t listings_left_ = 256;
  size_t matches_left_ = 4096;
};

}  // namespace nvbox::driver
