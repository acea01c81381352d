// What a YAML scalar without quotes means.
#pragma once

#include <string_view>

#include "data/json.h"

namespace nvbox::data {

// null, a boolean, a number or, in all other cases, the text: YAML 1.2's core schema and what
// yaml.v3 takes besides ("0644" is octal, "1_000" a number).
Json resolve_plain(std::string_view text);

// Whether some reader takes this text for something else than a string: resolve_plain, and also
// YAML 1.1's "yes", "12:30:45" and "2001-12-14".
bool is_ambiguous(std::string_view text);

}  // namespace nvbox::data
