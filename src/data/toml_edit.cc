// Every change is one splice of the text, and the new text is read again: documents are small and
// changes are few, and so nothing has to be kept in step with the text.
#include "data/toml_edit.h"

#include <utility>

#include "base/text.h"
#include "data/toml_edit_plan.h"
#include "data/toml_second_opinion.h"
#include "data/toml_statements.h"
#include "data/toml_write.h"

namespace nvbox::data {
namespace {

std::string spliced(std::string text, const TomlSplice& splice) {
  const TomlRange& range = splice.range;
  text.replace(range.begin, range.end - range.begin, splice.text);
  return text;
}

}  // namespace

Result<TomlDocument> TomlDocument::parse(std::string text, const TomlLimits& limits) {
  Toml root = NVBOX_TRY(parse_toml(text, limits));
  return TomlDocument(std::move(text), std::move(root), limits);
}

Result<> TomlDocument::replace(std::string text) {
  root_ = NVBOX_TRY(parse_toml(text, limits_));
  text_ = std::move(text);
  return {};
}

Result<std::string> TomlDocument::checked_text() const {
  if (text_ == original_) return text_;
  NVBOX_TRY(check_toml_edit(original_, changes_, text_));
  return text_;
}

const Toml* TomlDocument::get(std::span<const std::string> path) const {
  const Toml* at = &root_;
  for (const std::string& key : path) {
    if (at != nullptr) at = at->find(key);
  }
  return at;
}

std::vector<std::string> TomlDocument::tables_below(std::span<const std::string> path) const {
  std::vector<std::string> names;
  const Toml* table = get(path);
  if (table == nullptr || !is_table(*table)) return names;
  for (const auto& [key, value] : std::get<Toml::Table>(table->value)) {
    if (is_table(value)) names.push_back(key);
  }
  return names;
}

Result<> TomlDocument::set(const TomlPath& path, const TomlValue& value, NewKey where) {
  if (path.empty()) return Error("a key without a name cannot be set");
  if (const Toml* there = get(path); there != nullptr && is_same(*there, value)) return {};
  auto statements = NVBOX_TRY(toml_statements(text_, limits_));
  const TomlView view{text_, root_, {text_, std::move(statements)}};
  const TomlSplice splice = NVBOX_TRY(plan_set(view, path, value, where));
  NVBOX_TRY(replace(spliced(text_, splice)).in(cat("set ", toml_path_text(path))));
  changes_.push_back({path, value});
  return {};
}

Result<> TomlDocument::remove(const TomlPath& path) {
  if (path.empty() || get(path) == nullptr) return {};
  TomlDocument rest = *this;
  while (rest.get(path) != nullptr) {
    auto statements = NVBOX_TRY(toml_statements(rest.text_, limits_));
    const TomlView view{rest.text_, rest.root_, {rest.text_, std::move(statements)}};
    const TomlRange range = plan_remove(view, path);
    NVBOX_TRY(
        rest.replace(spliced(rest.text_, {range, ""})).in(cat("remove ", toml_path_text(path))));
  }
  *this = std::move(rest);
  changes_.push_back({path, std::nullopt});
  return {};
}

}  // namespace nvbox::data
