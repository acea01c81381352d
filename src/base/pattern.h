// Shell patterns for names: *, ?, [a-z], [!a-z] or [^a-z], and a backslash that makes the next
// character an ordinary one.
#pragma once

#include <string_view>

namespace nvbox {

// Whether the whole of `name` matches. No wildcard but a class matches a slash, and a dot at the
// front is nothing special; a '[' that nothing closes is an ordinary character. The time is at most
// the product of the lengths.
bool matches_pattern(std::string_view pattern, std::string_view name);

bool has_wildcard(std::string_view text);

}  // namespace nvbox
