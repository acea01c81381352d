// TOML documents as values that can be compared: ours, and those of toml11, which is somebody
// else's reader of the same language.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <toml.hpp>
#include <variant>

#include "base/text.h"
#include "data/toml.h"
#include "data/toml_edit.h"

namespace nvbox::test {

namespace detail {

inline std::string table_text(std::vector<std::string> members) {
  std::ranges::sort(members);
  return cat("{", join(members, ","), "}");
}

inline std::string number_text(double number) {
  if (std::isnan(number)) return "nan";
  char text[64];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%.17gf", number))};
}

// What the path below leads to is left out, and so are tables with nothing else in them.
struct TreeText {
  std::span<const std::string> without{};
  bool has_path = false;

  std::string operator()(const data::Toml& toml) const { return std::visit(*this, toml.value); }
  std::string operator()(const data::Toml::Table& table) const {
    std::vector<std::string> members;
    for (const auto& [key, value] : table) {
      const bool is_on_path = has_path && key == without.front();
      if (is_on_path && without.size() == 1) continue;
      const TreeText below = {is_on_path ? without.subspan(1) : without, is_on_path};
      const std::string text = below(value);
      if (is_on_path && text == "{}") continue;
      members.push_back(cat(quote(key), ":", text));
    }
    return table_text(std::move(members));
  }
  std::string operator()(const data::Toml::Array& array) const {
    std::vector<std::string> elements;
    for (const data::Toml& element : array) elements.push_back(TreeText{}(element));
    return cat("[", join(elements, ","), "]");
  }
  std::string operator()(const std::string& text) const { return quote(text); }
  std::string operator()(std::int64_t number) const { return cat(number); }
  std::string operator()(double number) const { return number_text(number); }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(const data::TomlDate& /*date*/) const { return "date"; }
};

inline std::string toml11_text(const toml::value& value) {
  if (value.is_table()) {
    std::vector<std::string> members;
    for (const auto& [key, member] : value.as_table()) {
      members.push_back(cat(quote(key), ":", toml11_text(member)));
    }
    return table_text(std::move(members));
  }
  if (value.is_array()) {
    std::vector<std::string> elements;
    for (const toml::value& element : value.as_array()) elements.push_back(toml11_text(element));
    return cat("[", join(elements, ","), "]");
  }
  if (value.is_string()) return quote(value.as_string().str);
  if (value.is_integer()) return cat(value.as_integer());
  if (value.is_floating()) return number_text(value.as_floating());
  if (value.is_boolean()) return value.as_boolean() ? "true" : "false";
  return "date";
}

}  // namespace detail

inline std::string tree_text(const data::Toml& toml) {
  return detail::TreeText{}(toml);
}

// All of the document but one member.
inline std::string tree_text_without(const data::Toml& toml, const data::TomlPath& path) {
  return detail::TreeText{path, true}(toml);
}

// The same of toml11's tree; nullopt when it refuses the document.
inline std::optional<std::string> toml11_tree(std::string_view document) {
  try {
    std::istringstream stream{std::string(document)};
    return detail::toml11_text(toml::parse(stream, "document"));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace nvbox::test
