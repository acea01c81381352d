#include <cstdint>

#include "base/text.h"
#include "config/config.h"
#include "config/document.h"
#include "config/keys.h"
#include "data/toml_edit.h"

namespace nvbox::config {
namespace {

using data::TomlDocument;
using data::TomlValue;

struct Explained {
  std::string_view type;
  TomlValue value;
};

struct Explain {
  Config& config;

  Explained operator()(FlagField field) const { return {"boolean", field(config)}; }
  Explained operator()(TextField field) const { return {"string", field(config)}; }
  Explained operator()(ListField field) const { return {"list of strings", field(config)}; }
  Explained operator()(SecondsField field) const { return {"number", std::int64_t{field(config)}}; }
  Explained operator()(CommaField field) const { return {"string", join(field.list(config), ",")}; }
};

std::string value_text(const Key& key, Config config) {
  return data::toml_value_text(std::visit(Explain{config}, key.field).value);
}

std::string explain_words(const Key& key) {
  if (key.words.allowed.empty()) return "";
  const bool are_many =
      key.words.form == Words::Form::several || std::holds_alternative<ListField>(key.field);
  return cat(are_many ? "  any of " : "  one of ", words_text(key.words), "\n");
}

std::string explain_key(const Key& key, Config defaults) {
  return cat(key.name, "\n  ", std::visit(Explain{defaults}, key.field).type, ", default ",
             value_text(key, defaults), "\n  ", key.meaning, "\n", explain_words(key));
}

}  // namespace

Result<std::string> explain(std::string_view name, const Document& document,
                            const Config& defaults) {
  const TomlDocument there = NVBOX_TRY(TomlDocument::parse(document.text).in(document.name));
  const Config config = NVBOX_TRY(parse_config(document.text).in(document.name));
  std::string text;
  for (const Key& key : keys()) {
    if (!name.empty() && key.name != name && !is_in_table(key, name)) continue;
    text += cat(text.empty() ? "" : "\n", explain_key(key, defaults));
    const data::Toml* const set = there.get(path_of(key));
    // nvidia-container-runtime.experimental is a table as well.
    if (set == nullptr || std::holds_alternative<data::Toml::Table>(set->value)) continue;
    text += cat("  ", value_text(key, config), " on line ", set->line, " of ", document.name, "\n");
  }
  if (text.empty()) return Error(describe_unknown(name));
  return text;
}

}  // namespace nvbox::config
