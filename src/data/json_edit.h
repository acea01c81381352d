// Changes of JSON text that leave the rest of it as its author wrote it: blanks, order, numbers.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace nvbox::data {

// The document with `value` as the member that `path` leads to; objects on the way are made. New
// members come last and are indented as the document is, with four spaces where nothing shows how.
// A text that says the same already comes back unchanged. An error, with the line, when something
// on the way is no object or the member has another type (null may become anything).
Result<std::string> set_json_member(std::string_view text, std::span<const std::string_view> path,
                                    const Json& value);

}  // namespace nvbox::data
