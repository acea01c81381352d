// The paths below a root that a pattern of a CSV file stands for, and what becomes of many troubles
// with them: one line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driver/context.h"
#include "host/root.h"

namespace nvbox::driver {

// How many there are of something, and the first of them.
struct Count {
  size_t number = 0;
  std::string first{};

  void add(std::string one) {
    if (number++ == 0) first = std::move(one);
  }

  // The value; an error counts, and is absence.
  template <typename T>
  std::optional<T> or_count(Result<std::optional<T>> result) {
    if (result) return std::move(result).value();
    add(result.error().full_message());
    return std::nullopt;
  }
};

class PatternPaths {
 public:
  // Both must outlive it; `failed` are directories that cannot be listed.
  PatternPaths(const host::Root& root, Count& failed) : root_(root), failed_(failed) {}

  // Sorted; one without wildcards stands for itself, whether it is there or not. Nothing more is
  // listed once all patterns together had their share.
  std::vector<std::string> of(std::string_view pattern);

 private:
  void add_matches(const std::string& parent, std::string_view pattern,
                   std::vector<std::string>& matching);

  const host::Root& root_;
  Count& failed_;
  // Patterns of real files list one or two directories.
  size_t listings_left_ = 256;
  size_t matches_left_ = 4096;
};

}  // namespace nvbox::driver
