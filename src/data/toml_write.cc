#include "data/toml_write.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include "base/text.h"

namespace nvbox::data {
namespace {

constexpr std::string_view bare_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

struct Escape {
  char character;
  std::string_view text;
};

constexpr Escape escapes[] = {
    {'"', "\\\""}, {'\\', "\\\\"}, {'\b', "\\b"}, {'\t', "\\t"},
    {'\n', "\\n"}, {'\f', "\\f"},  {'\r', "\\r"},
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const auto* const known = std::ranges::find(escapes, character, &Escape::character);
    if (known != std::end(escapes)) {
      out += known->text;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += cat("\\u", hexadecimal(byte, 4, upper_hex_digits));
    } else {
      out += character;
    }
  }
  return out + '"';
}

struct Write {
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return cat(number); }
  std::string operator()(const std::string& text) const { return quoted(text); }
  std::string operator()(const std::vector<std::string>& list) const {
    std::vector<std::string> elements;
    elements.reserve(list.size());
    for (const std::string& element : list) elements.push_back(quoted(element));
    return cat("[", join(elements, ", "), "]");
  }
};

struct Same {
  const Toml& there;

  template <typename Value>
  bool operator()(const Value& value) const {
    const auto* found = std::get_if<Value>(&there.value);
    return found != nullptr && *found == value;
  }
  bool operator()(const std::vector<std::string>& list) const {
    const auto* elements = std::get_if<Toml::Array>(&there.value);
    return elements != nullptr &&
           std::ranges::equal(*elements, list, [](const Toml& element, const std::string& text) {
             return Same{element}(text);
           });
  }
};

}  // namespace

std::string toml_key(std::string_view key) {
  const bool is_bare =
      !key.empty() && key.find_first_not_of(bare_characters) == std::string_view::npos;
  return is_bare ? std::string(key) : quoted(key);
}

std::string toml_path_text(std::span<const std::string> path) {
  std::vector<std::string> keys;
  keys.reserve(path.size());
  for (const std::string& key : path) keys.push_back(toml_key(key));
  return join(keys, ".");
}

std::string toml_value_text(const TomlValue& value) {
  return std::visit(Write{}, value);
}

bool is_same(const Toml& there, const TomlValue& value) {
  return std::visit(Same{there}, value);
}

}  // namespace nvbox::data
