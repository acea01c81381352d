#include "data/json_edit.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"

namespace nvbox::data {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct Span {
  size_t begin;
  size_t end;
};

// What is written between the braces of an object, as far as an edit needs it.
struct ObjectText {
  Span braces{};                // with both
  size_t last_end = 0;          // behind the last member's value; 0 for an empty object
  std::string_view leading{};   // the blanks in front of the last member
  std::optional<Span> value{};  // of the member that is looked for
};

// The text is known to be valid JSON, so the scanners below need not look for mistakes.
size_t skip_blanks(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(blanks, at), text.size());
}

size_t skip_string(std::string_view text, size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

size_t skip_value(std::string_view text, size_t at) {
  size_t depth = 0;
  do {
    const char character = text[at];
    if (character == '"') {
      at = skip_string(text, at);
      continue;
    }
    if (character == '{' || character == '[') ++depth;
    if (character == '}' || character == ']') --depth;
    ++at;
    if (depth == 0 && (character == '}' || character == ']')) return at;
  } while (at < text.size() &&
           (depth > 0 || (blanks.find(text[at]) == std::string_view::npos && text[at] != ',' &&
                          text[at] != '}' && text[at] != ']')));
  return at;
}

// Of members that are given twice the last counts, as it does for the parser.
ObjectText scan_object(std::string_view text, size_t open, std::string_view name) {
  ObjectText object{.braces = {open, open + 1}};
  size_t at = open + 1;
  while (true) {
    const size_t key = skip_blanks(text, at);
    if (text[key] == '}') {
      object.braces.end = key + 1;
      return object;
    }
    object.leading = text.substr(at, key - at);
    const size_t key_end = skip_string(text, key);
    const size_t value = skip_blanks(text, skip_blanks(text, key_end) + 1);
    object.last_end = skip_value(text, value);
    if (Json::parse(text.substr(key, key_end - key)) == Json(name)) {
      object.value = Span{value, object.last_end};
    }
    at = skip_blanks(text, object.last_end);
    if (text[at] == ',') ++at;
  }
}

// What one level adds: the blanks in front of the document's first member. Empty when the members
// stand on one line.
std::string_view indentation_of(std::string_view text, size_t open) {
  const size_t first = skip_blanks(text, open + 1);
  if (text[first] == '}') return "    ";
  const std::string_view leading = text.substr(open + 1, first - open - 1);
  const size_t line = leading.rfind('\n');
  if (line == std::string_view::npos) return {};
  const std::string_view unit = leading.substr(line + 1);
  const bool is_even = !unit.empty() && unit.find_first_not_of(unit.front()) == unit.npos;
  return is_even ? unit : "    ";
}

std::string_view last_line(std::string_view text) {
  return text.substr(text.rfind('\n') + 1);
}

// The value as it is written behind `margin`; on one line where `unit` is empty.
std::string written(const Json& value, std::string_view unit, std::string_view margin) {
  if (unit.empty()) return value.dump();
  const std::string text = value.dump(static_cast<int>(unit.size()), unit.front());
  std::string out;
  for (const char character : text) {
    out += character;
    if (character == '\n') out += margin;
  }
  return out;
}

class Editor {
 public:
  Editor(std::string_view text, std::span<const std::string_view> path)
      : text_(text), path_(path) {}

  Result<std::string> set(const Json& document, const Json& value) {
    const size_t start = text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    const size_t root = skip_blanks(text_, start);
    if (!document.is_object()) return wrong_type(document, "the document", root, "an object");
    unit_ = indentation_of(text_, root);
    const Json* node = &document;
    size_t open = root;
    std::string_view margin;
    for (size_t level = 0;; ++level) {
      const std::string_view name = path_[level];
      const ObjectText object = scan_object(text_, open, name);
      if (object.last_end != 0 && object.leading.contains('\n')) margin = last_line(object.leading);
      if (!object.value) return insert(object, level, value, margin);
      node = &*node->find(name);
      if (level + 1 == path_.size()) return replace(*node, *object.value, value, margin);
      if (node->is_null()) return replace(*node, *object.value, nested(level + 1, value), margin);
      open = object.value->begin;
      if (!node->is_object()) return wrong_type(*node, quote(name), open, "an object");
    }
  }

 private:
  Error wrong_type(const Json& found, std::string_view what, size_t at,
                   std::string_view wanted) const {
    const auto line = std::ranges::count(text_.substr(0, at), '\n') + 1;
    return Error(
        cat("line ", line, ": ", what, " is of type ", found.type_name(), ", not ", wanted));
  }

  // The value inside the objects that are missing from `level` on.
  Json nested(size_t level, const Json& value) const {
    Json out = value;
    for (size_t i = path_.size(); i > level; --i) {
      Json outer = Json::object();
      outer[std::string(path_[i - 1])] = std::move(out);
      out = std::move(outer);
    }
    return out;
  }

  std::string with(Span span, std::string_view replacement) const {
    return cat(text_.substr(0, span.begin), replacement, text_.substr(span.end));
  }

  Result<std::string> replace(const Json& old, Span span, const Json& value,
                              std::string_view margin) const {
    if (old == value) return std::string(text_);
    // The library has several types of numbers under one name.
    if (!old.is_null() && std::string_view(old.type_name()) != value.type_name()) {
      return wrong_type(old, quote(path_.back()), span.begin, cat("of type ", value.type_name()));
    }
    return with(span, written(value, unit_, margin));
  }

  // `margin` is what stands in front of the members of this object or, where it is empty, of the
  // member that it is.
  std::string insert(const ObjectText& object, size_t level, const Json& value,
                     std::string_view margin) const {
    const std::string key = Json(path_[level]).dump();
    const Json inner = nested(level + 1, value);
    if (object.last_end == 0) {
      Json whole = Json::object();
      whole[std::string(path_[level])] = inner;
      return with(object.braces, written(whole, unit_, margin));
    }
    const Span behind{object.last_end, object.last_end};
    if (!object.leading.contains('\n')) return with(behind, cat(", ", key, ": ", inner.dump()));
    return with(behind, cat(",", object.leading, key, ": ", written(inner, unit_, margin)));
  }

  std::string_view text_;
  std::span<const std::string_view> path_;
  std::string_view unit_{};
};

}  // namespace

Result<std::string> set_json_member(std::string_view text, std::span<const std::string_view> path,
                                    const Json& value) {
  const Json document = NVBOX_TRY(parse_json(text));
  NVBOX_TRY(check_utf8(value));
  for (const std::string_view name : path) NVBOX_TRY(check_utf8(Json(name)));
  return Editor(text, path).set(document, value);
}

}  // namespace nvbox::data
