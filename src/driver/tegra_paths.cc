#include "driver/tegra_paths.h"

#include <functional>

#include "base/pattern.h"
#include "base/text.h"

namespace nvbox::driver {

void PatternPaths::add_matches(const std::string& parent, std::string_view pattern,
                               std::vector<std::string>& matching) {
  if (listings_left_ == 0) return;
  --listings_left_;
  const auto names = failed_.or_count(root_.list(parent));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (matches_left_ == 0) return;
    if (!matches_pattern(pattern, name)) continue;
    --matches_left_;
    matching.push_back(cat(parent, "/", name));
  }
}

std::vector<std::string> PatternPaths::of(std::string_view pattern) {
  if (!has_wildcard(pattern)) return {std::string(pattern)};
  return expand_pattern(pattern, std::bind_front(&PatternPaths::add_matches, this));
}

}  // namespace nvbox::driver
