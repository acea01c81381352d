// YAML documents as Json values, in the dialect of Go's gopkg.in/yaml.v3: what NVIDIA's toolkit
// writes, and what people write for it. JSON is YAML too, so parse_yaml reads both.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace nvbox::data {

struct YamlLimits {
  size_t bytes = size_t{8} * 1024 * 1024;
  size_t depth = 64;
  // Of the document with its aliases expanded; 64 bytes of text count as one more.
  size_t nodes = size_t{1024} * 1024;
};

// One document; an empty one is null. Aliases are replaced by what they stand for, and "<<" merges
// mappings. Keys are strings, whatever they look like. Errors name the position:
// "line 3, column 5: ...". Duplicate keys, a second document, tags other than !!str, !!seq and
// !!map, and an alias inside what it stands for are errors.
Result<Json> parse_yaml(std::string_view text, const YamlLimits& limits = {});

// In yaml.v3's layout without its options: "---", an indentation of four, strings in quotes where
// one of the YAML versions would take them for something else. An error when a string is not UTF-8.
Result<std::string> dump_yaml(const Json& document);

}  // namespace nvbox::data
