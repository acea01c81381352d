// JSON documents that keep what they do not understand: member order, unknown members and 64-bit
// integers survive parse and dump. (Numbers beyond 64 bits become doubles, and of duplicate
// members the last is kept.)
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nvbox::data {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  size_t bytes = size_t{16} * 1024 * 1024;
  // OCI and CDI documents nest less than ten deep; without a limit dump() could exhaust the stack.
  size_t depth = 64;
  // An object keeps its order by being a list, which is searched for every member that is added.
  // The largest that are met are annotations, of which Kubernetes allows 256 KiB.
  size_t members = 10'000;
};

// Errors name the position: "line 3, column 14: ...".
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// A document of programs that are written in Go, as every engine is: what is not UTF-8 in it is
// replaced by U+FFFD, a byte at a time, as encoding/json does.
Result<Json> parse_json_like_go(std::string_view text, const JsonLimits& limits = {});

// Compact, on one line, without a final newline.
Result<std::string> dump_json(const Json& document);

// How many blanks each level of a document is indented by.
struct JsonIndentation {
  int blanks;
};

// On lines of their own, with a final newline.
Result<std::string> dump_json(const Json& document, JsonIndentation indentation);

}  // namespace nvbox::data
