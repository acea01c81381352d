#include "data/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/text.h"
#include "data/toml_scalar.h"

namespace nvbox::data {
namespace {

struct Shape {
  size_t depth = 0;    // of the deepest brackets
  size_t members = 0;  // of the largest object
};

// Strings are skipped. The parser itself does not recurse, so a look at the text beforehand is
// enough, and it is cheaper than a callback for every value. It ends where the depth is over the
// limit.
Shape shape_of(std::string_view text, const JsonLimits& limits) {
  Shape shape;
  std::vector<size_t> open;  // colons so far, of each bracket that is open
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (in_string) {
      if (character == '\\') ++i;
      if (character == '"') in_string = false;
    } else if (character == '"') {
      in_string = true;
    } else if (character == '{' || character == '[') {
      open.push_back(0);
      shape.depth = std::max(shape.depth, open.size());
      if (shape.depth > limits.depth) return shape;
    } else if (open.empty()) {
      continue;
    } else if (character == ':') {
      shape.members = std::max(shape.members, ++open.back());
    } else if (character == '}' || character == ']') {
      open.pop_back();
    }
  }
  return shape;
}

std::string position(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const size_t start = before.rfind('\n');
  const size_t column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return cat("line ", line, ", column ", column);
}

// The library's text is "[json.exception.parse_error.101] parse error at line 1, column 5:
// syntax error while parsing value - ...": what follows the position is for people.
std::string reason(std::string_view what) {
  const size_t colon = what.find(": ");
  return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2));
}

std::string with_replacements(std::string_view text) {
  std::string valid;
  while (const auto invalid = find_invalid_utf8(text)) {
    valid += cat(text.substr(0, *invalid), "\uFFFD");
    text.remove_prefix(*invalid + 1);
  }
  return valid.append(text);
}

Result<std::string> dump(const Json& document, int blanks) {
  try {
    return document.dump(blanks);
  } catch (const Json::exception& error) {
    return Error(cat("write JSON: ", reason(error.what())));
  }
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error(
        cat("JSON document of ", text.size(), " bytes is over the limit of ", limits.bytes));
  }
  const Shape shape = shape_of(text, limits);
  if (shape.depth > limits.depth) {
    return Error(cat("JSON document nests more than ", limits.depth, " levels deep"));
  }
  if (shape.members > limits.members) {
    return Error(
        cat("JSON object with ", shape.members, " members is over the limit of ", limits.members));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Error(cat("invalid JSON at ", position(text, error.byte), ": ", reason(error.what())));
  } catch (const Json::exception& error) {
    return Error(cat("invalid JSON: ", reason(error.what())));
  }
}

Result<Json> parse_json_like_go(std::string_view text, const JsonLimits& limits) {
  Result<Json> parsed = parse_json(text, limits);
  if (parsed || !find_invalid_utf8(text)) return parsed;
  JsonLimits longer = limits;
  longer.bytes = 3 * limits.bytes;
  return parse_json(with_replacements(text), longer);
}

std::string json_number(double number) {
  return Json(number).dump();
}

Result<std::string> dump_json(const Json& document) {
  return dump(document, -1);
}

Result<std::string> dump_json(const Json& document, JsonIndentation indentation) {
  return cat(NVBOX_TRY(dump(document, indentation.blanks)), "\n");
}

Error JsonPlace::wrong_type(std::string_view expected) const {
  return Error(cat(path_.empty() ? "document" : path_, ": expected ", expected, ", found ",
                   value_->type_name()));
}

Result<std::optional<JsonPlace>> JsonPlace::member(std::string_view name) const {
  if (!value_->is_object()) return wrong_type("an object");
  const auto found = value_->find(name);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  if (paths_ == Paths::untold) return std::optional(JsonPlace(*found, paths_, ""));
  std::string path = path_.empty() ? std::string(name) : cat(path_, ".", name);
  return std::optional(JsonPlace(*found, paths_, std::move(path)));
}

Result<std::vector<JsonPlace>> JsonPlace::elements() const {
  if (!value_->is_array()) return wrong_type("an array");
  std::vector<JsonPlace> out;
  out.reserve(value_->size());
  for (const Json& element : *value_) {
    const bool is_told = paths_ == Paths::told;
    out.push_back(JsonPlace(element, paths_, is_told ? cat(path_, "[", out.size(), "]") : ""));
  }
  return out;
}

Result<std::string> JsonPlace::string() const {
  if (!value_->is_string()) return wrong_type("a string");
  return value_->get<std::string>();
}

Result<std::int64_t> JsonPlace::integer() const {
  if (!value_->is_number_integer()) return wrong_type("an integer");
  return value_->get<std::int64_t>();
}

Result<std::vector<std::string>> JsonPlace::strings() const {
  std::vector<std::string> out;
  for (const JsonPlace& element : NVBOX_TRY(elements())) {
    out.push_back(NVBOX_TRY(element.string()));
  }
  return out;
}

Result<std::optional<std::string>> JsonPlace::string(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::nullopt;
  return std::optional(NVBOX_TRY(place->string()));
}

Result<std::optional<std::int64_t>> JsonPlace::integer(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::nullopt;
  return std::optional(NVBOX_TRY(place->integer()));
}

Result<std::vector<std::string>> JsonPlace::strings(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::vector<std::string>{};
  return place->strings();
}

Result<std::vector<JsonPlace>> JsonPlace::elements(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::vector<JsonPlace>{};
  return place->elements();
}

}  // namespace nvbox::data
