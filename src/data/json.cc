#include "data/json.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "data/json_members.h"
#include "data/toml_scalar.h"

namespace nvbox::data {
namespace {

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

// Makes the tree as the library's parser tells what it reads (json.nlohmann.me, "SAX interface"),
// so that limits hold while it grows, and nothing is thrown.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Result<Json> build() {
    if (Json::sax_parse(text_, this)) return std::move(root_);
    return std::move(*error_);
  }

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string& /*text*/) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t& value) { return put(std::move(value)); }  // not in JSON's text
  bool start_object(size_t /*size*/) { return begin(Json::object()); }
  bool start_array(size_t /*size*/) { return begin(Json::array()); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }

  bool key(std::string& name) {
    Open& object = open_.back();
    if (++object.members > limits_.members) {
      return fail(cat("JSON object has more than ", limits_.members, " members"));
    }
    auto& members = object.value->get_ref<Json::object_t&>();
    const auto known = may_have(object, name) ? members.find(name) : members.end();
    place_ =
        known != members.end() ? &known->second : &append_member(members, std::move(name), nullptr);
    return true;
  }

  bool parse_error(size_t byte, const std::string& /*token*/, const Json::exception& error) {
    return fail(cat("invalid JSON at ", position(text_, byte), ": ", reason(error.what())));
  }

 private:
  struct Open {
    Json* value;
    size_t members = 0;                   // so far, those that are given twice as well
    std::unordered_set<size_t> hashes{};  // of the names, where there are many
  };

  // Whether a search for the name is worth it. Annotations may be thousands, and to look through
  // them for each one would be quadratic. Names whose hashes are equal cost only such a look.
  static bool may_have(Open& object, const std::string& name) {
    constexpr size_t few = 16;
    const auto& members = object.value->get_ref<const Json::object_t&>();
    if (members.size() < few) return true;
    const std::hash<std::string> hash;
    if (object.hashes.empty()) {
      for (const auto& [known, value] : members) object.hashes.insert(hash(known));
    }
    return !object.hashes.insert(hash(name)).second;
  }

  bool put(Json value) {
    if (!open_.empty() && open_.back().value->is_array()) {
      place_ = &open_.back().value->get_ref<Json::array_t&>().emplace_back();
    }
    *place_ = std::move(value);
    return true;
  }

  bool begin(Json value) {
    if (open_.size() == limits_.depth) {
      return fail(cat("JSON document nests more than ", limits_.depth, " levels deep"));
    }
    put(std::move(value));
    open_.push_back({place_});
    return true;
  }

  bool end() {
    open_.pop_back();
    return true;
  }

  bool fail(std::string message) {
    error_ = Error(std::move(message));
    return false;
  }

  std::string_view text_;
  JsonLimits limits_;
  Json root_{};
  std::vector<Open> open_{};
  Json* place_ = &root_;  // of the last value, and of the next one outside of arrays
  std::optional<Error> error_{};
};

// The first string in the document, name of a member or value, that is not UTF-8; null when all
// are.
const std::string* find_not_utf8(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return find_invalid_utf8(text) ? &text : nullptr;
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      if (find_invalid_utf8(name)) return &name;
      if (const std::string* const found = find_not_utf8(member)) return found;
    }
  } else if (value.is_array()) {
    for (const Json& element : value.get_ref<const Json::array_t&>()) {
      if (const std::string* const found = find_not_utf8(element)) return found;
    }
  }
  return nullptr;
}

// The library ends the process over what is not UTF-8.
Result<std::string> dump(const Json& document, int blanks) {
  NVBOX_TRY(check_utf8(document).in("write JSON"));
  return document.dump(blanks);
}

}  // namespace

Json& member_of(Json& object, const std::string& name) {
  auto& members = object.get_ref<Json::object_t&>();
  const auto known = members.find(name);
  return known != members.end() ? known->second : append_member(members, name, nullptr);
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error(
        cat("JSON document of ", text.size(), " bytes is over the limit of ", limits.bytes));
  }
  return TreeBuilder(text, limits).build();
}

Result<Json> parse_json_like_go(std::string_view text, const JsonLimits& limits) {
  Result<Json> parsed = parse_json(text, limits);
  if (parsed || !find_invalid_utf8(text)) return parsed;
  JsonLimits longer = limits;
  longer.bytes = 3 * limits.bytes;
  return parse_json(with_replacements(text), longer);
}

Result<> check_utf8(const Json& document) {
  const std::string* const text = find_not_utf8(document);
  if (text == nullptr) return {};
  return Error(cat("not UTF-8: ", quote(*text)));
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
