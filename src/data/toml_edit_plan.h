// Where the text of a document changes for a change of its keys.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "data/toml_edit.h"
#include "data/toml_layout.h"
#include "data/toml_statements.h"

namespace nvbox::data {

using TomlPathView = std::span<const std::string>;

// A place in the text, and what it is replaced with.
struct TomlSplice {
  TomlRange range;
  std::string text;
};

// What a change looks at.
struct TomlView {
  std::string_view text;
  const Toml& root;
  TomlLayout layout;
};

inline bool is_table(const Toml& toml) {
  return std::holds_alternative<Toml::Table>(toml.value);
}

inline bool is_at_or_below(const TomlStatement& statement, TomlPathView path) {
  return statement.path.size() >= path.size() &&
         std::ranges::equal(TomlPathView(statement.path).first(path.size()), path);
}

// For a path that has another value or none.
Result<TomlSplice> plan_set(const TomlView& view, const TomlPath& path, const TomlValue& value,
                            TomlDocument::NewKey where);

// One step of removing what is at the path; there are no more when nothing is.
TomlRange plan_remove(const TomlView& view, TomlPathView path);

}  // namespace nvbox::data
