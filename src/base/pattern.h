// Shell patterns for names: *, ?, [a-z], [!a-z] or [^a-z], and a backslash that makes the next
// character an ordinary one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace nvbox {

// Whether the whole of `name` matches. No wildcard but a class matches a slash, and a dot at the
// front is nothing special; a '[' that nothing closes is an ordinary character. The time is at most
// the product of the lengths.
bool matches_pattern(std::string_view pattern, std::string_view name);

bool has_wildcard(std::string_view text);

// Puts "PARENT/NAME" for each name in the directory `parent` that the component matches into
// `matching`, in their order.
using AddMatches = std::function<void(const std::string& parent, std::string_view component,
                                      std::vector<std::string>& matching)>;

// The absolute paths that a pattern stands for, component by component. Those without wildcards are
// not looked for, so that a pattern without any stands for itself.
std::vector<std::string> expand_pattern(std::string_view pattern, const AddMatches& add_matches);

}  // namespace nvbox
