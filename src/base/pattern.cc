#include "base/pattern.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "base/path.h"

namespace nvbox {
namespace {

// A character of a class, which may be behind a backslash; it is taken off the pattern.
char take(std::string_view& pattern) {
  if (pattern.starts_with('\\') && pattern.size() > 1) pattern.remove_prefix(1);
  const char character = pattern.front();
  pattern.remove_prefix(1);
  return character;
}

// Whether `character` is in the class that `pattern` begins with, which is taken off it; nullopt,
// and nothing is taken, when the class does not end.
std::optional<bool> take_class(std::string_view& pattern, char character) {
  std::string_view rest = pattern.substr(1);
  const bool is_negated = rest.starts_with('!') || rest.starts_with('^');
  if (is_negated) rest.remove_prefix(1);
  bool is_in = false;
  // A bracket at the front is one of the characters.
  for (bool is_first = true; !rest.empty() && (is_first || rest.front() != ']'); is_first = false) {
    const char low = take(rest);
    char high = low;
    if (rest.size() > 1 && rest.front() == '-' && rest[1] != ']') {
      rest.remove_prefix(1);
      high = take(rest);
    }
    is_in = is_in || (low <= character && character <= high);
  }
  if (rest.empty()) return std::nullopt;
  pattern = rest.substr(1);
  return is_in != is_negated;
}

// Whether the pattern's first element, which is no star, fits the character; it is taken off. What
// is at or behind `last_bracket` closes no class, which is known without a look at all of it.
bool take_element(std::string_view& pattern, const char* last_bracket, char character) {
  if (pattern.empty()) return false;
  if (pattern.front() == '[' && pattern.data() < last_bracket) {
    if (const auto fits = take_class(pattern, character)) return *fits;
  }
  if (pattern.front() == '?') {
    pattern.remove_prefix(1);
    return character != '/';
  }
  return take(pattern) == character;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view name) {
  std::string_view behind_star;
  std::string_view name_at_star;
  bool has_star = false;
  const size_t last = pattern.rfind(']');
  const char* const last_bracket =
      pattern.data() + (last == std::string_view::npos ? 0 : static_cast<std::ptrdiff_t>(last));
  while (!name.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      behind_star = pattern;
      name_at_star = name;
      has_star = true;
      continue;
    }
    if (take_element(pattern, last_bracket, name.front())) {
      name.remove_prefix(1);
      continue;
    }
    // The star takes one character more.
    if (!has_star || name_at_star.front() == '/') return false;
    name_at_star.remove_prefix(1);
    name = name_at_star;
    pattern = behind_star;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

std::vector<std::string> expand_pattern(std::string_view pattern, const AddMatches& add_matches) {
  std::vector<std::string> found = {""};
  for (const std::string_view component : path::components(pattern)) {
    if (!has_wildcard(component)) {
      for (std::string& path : found) path.append("/").append(component);
      continue;
    }
    std::vector<std::string> matching;
    for (const std::string& parent : found) add_matches(parent, component, matching);
    found = std::move(matching);
  }
  return found;
}

}  // namespace nvbox
