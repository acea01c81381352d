#include "engine/toml_runtime.h"

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"

namespace nvbox::engine {
namespace {

using data::Toml;

// nullopt for what no option of a runtime is: numbers with a fraction, dates, lists of others.
std::optional<data::TomlValue> value_of(const Toml& toml) {
  if (const auto* const value = std::get_if<bool>(&toml.value)) return *value;
  if (const auto* const value = std::get_if<std::int64_t>(&toml.value)) return *value;
  if (const auto* const value = std::get_if<std::string>(&toml.value)) return *value;
  const auto* const array = std::get_if<Toml::Array>(&toml.value);
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const Toml& element : *array) {
    const auto* const text = std::get_if<std::string>(&element.value);
    if (text == nullptr) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

}  // namespace

data::TomlPath below(data::TomlPath path, std::initializer_list<std::string> more) {
  path.insert(path.end(), more);
  return path;
}

std::optional<std::string> text_at(const data::TomlDocument& document, const data::TomlPath& path) {
  const Toml* const found = document.get(path);
  const auto* const text = found == nullptr ? nullptr : std::get_if<std::string>(&found->value);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

Result<> set_members(data::TomlDocument& document, const data::TomlPath& path, const Toml& table) {
  const auto* const members = std::get_if<Toml::Table>(&table.value);
  if (members == nullptr) {
    return Error(cat("line ", table.line, ": ", data::toml_path_text(path), " is ",
                     table.type_name(), ", not a table"));
  }
  for (const data::TomlMember& member : *members) {
    const data::TomlPath inner = below(path, {member.key});
    if (std::holds_alternative<Toml::Table>(member.value.value)) {
      NVBOX_TRY(set_members(document, inner, member.value));
      continue;
    }
    const auto value = value_of(member.value);
    if (!value) {
      return Error(cat("line ", member.value.line, ": ", data::toml_path_text(inner), " is ",
                       member.value.type_name(), ", which no option of a runtime is"));
    }
    NVBOX_TRY(document.set(inner, *value));
  }
  return {};
}

Result<> set_default(data::TomlDocument& document, const data::TomlPath& path,
                     const RuntimeRequest& request) {
  if (request.set_as_default) return document.set(path, request.name);
  if (text_at(document, path) == request.name) return document.remove(path);
  return {};
}

std::vector<std::string> models(const std::optional<std::string>& default_runtime) {
  std::vector<std::string> names;
  if (default_runtime && !default_runtime->starts_with("nvidia")) names.push_back(*default_runtime);
  names.insert(names.end(), {"runc", "crun"});
  return names;
}

}  // namespace nvbox::engine
