#include "config/config.h"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/keys.h"
#include "data/toml.h"
#include "host/root.h"

namespace nvbox::config {
namespace {

using data::Toml;

std::string at(std::string_view key, int line, std::string_view reason) {
  return cat("line ", line, ": ", key, ": ", reason);
}

Error wrong_type(std::string_view key, const Toml& found, std::string_view expected) {
  return Error(at(key, found.line, cat("expected ", expected, ", found ", found.type_name())));
}

// Stores a value at the place that a key's row names.
struct Store {
  std::string_view key;
  const Toml& found;
  Config& config;

  Result<> operator()(FlagField field) const {
    const auto* value = std::get_if<bool>(&found.value);
    if (value == nullptr) return wrong_type(key, found, "a boolean");
    field(config) = *value;
    return {};
  }

  Result<> operator()(TextField field) const {
    const auto* value = std::get_if<std::string>(&found.value);
    if (value == nullptr) return wrong_type(key, found, "a string");
    field(config) = *value;
    return {};
  }

  Result<> operator()(ListField field) const {
    const auto* elements = std::get_if<Toml::Array>(&found.value);
    if (elements == nullptr) return wrong_type(key, found, "a list of strings");
    std::vector<std::string> list;
    for (const Toml& element : *elements) {
      const auto* value = std::get_if<std::string>(&element.value);
      if (value == nullptr) {
        return Error(at(key, element.line,
                        cat("expected a list of strings, found ", element.type_name(), " in it")));
      }
      list.push_back(*value);
    }
    field(config) = std::move(list);
    return {};
  }

  Result<> operator()(SecondsField field) const {
    const auto* value = std::get_if<std::int64_t>(&found.value);
    if (value == nullptr) return wrong_type(key, found, "a whole number");
    if (*value < 1 || *value > most_seconds) {
      return Error(at(key, found.line, cat("expected 1 to ", most_seconds, ", found ", *value)));
    }
    field(config) = static_cast<unsigned>(*value);
    return {};
  }

  Result<> operator()(CommaField field) const {
    const auto* value = std::get_if<std::string>(&found.value);
    if (value == nullptr) return wrong_type(key, found, "a string");
    std::vector<std::string>& list = field.list(config);
    list.clear();
    for (const std::string_view piece : split(*value, ',')) {
      if (!trim(piece).empty()) list.emplace_back(trim(piece));
    }
    return {};
  }
};

// A wrong word stays in the configuration: whoever uses it refuses it, or does what NVIDIA's
// toolkit does.
void warn_of_words(const Key& key, const Toml& found, Config& config) {
  if (key.words.allowed.empty()) return;
  const Toml::Array single = {found};
  const auto* const list = std::get_if<Toml::Array>(&found.value);
  for (const Toml& element : list == nullptr ? single : *list) {
    const auto* const text = std::get_if<std::string>(&element.value);
    if (text == nullptr) continue;
    const auto wrong = find_wrong_word(key.words, *text);
    if (wrong) config.warnings.push_back(at(key.name, element.line, *wrong));
  }
}

// `prefix` is the dotted name of the table. Of an unknown table only the table itself is listed.
// One name is that of a key and of a table.
Result<> overlay(const Toml& table, const std::string& prefix, Config& config) {
  for (const auto& [name, value] : std::get<Toml::Table>(table.value)) {
    const std::string name_of_key = prefix.empty() ? name : cat(prefix, ".", name);
    const bool is_table = is_table_of_keys(name_of_key);
    const Key* const key = find_key(name_of_key);
    if (is_table && std::holds_alternative<Toml::Table>(value.value)) {
      NVBOX_TRY(overlay(value, name_of_key, config));
    } else if (key != nullptr) {
      NVBOX_TRY(std::visit(Store{key->name, value, config}, key->field));
      warn_of_words(*key, value, config);
    } else if (is_table) {
      return wrong_type(name_of_key, value, "a table");
    } else {
      config.warnings.push_back(describe_unknown(name_of_key));
    }
  }
  return {};
}

// `experimental` and `discover-mode` of toolkit 1.9, which `mode` has replaced since 1.10: "legacy"
// is what experimental = false was.
void apply_older_keys(const Toml& document, Config& config) {
  const Toml* const table = document.find("nvidia-container-runtime");
  if (table == nullptr) return;
  const Toml* const experimental = table->find("experimental");
  const Toml* const discover_mode = table->find("discover-mode");
  const bool is_set = config.runtime.experimental && table->find("mode") == nullptr;
  if (is_set && discover_mode != nullptr) config.runtime.mode = config.runtime.discover_mode;
  if (is_set) return;
  const bool is_flag = experimental != nullptr && std::holds_alternative<bool>(experimental->value);
  const Toml* const first = discover_mode == nullptr && is_flag ? experimental : discover_mode;
  if (first == nullptr) return;
  config.warnings.push_back(at("nvidia-container-runtime", first->line,
                               "experimental and discover-mode of older versions have no effect; "
                               "set nvidia-container-runtime.mode"));
}

// A path of the container would let an image run a program of its own with the host's rights.
Result<> check_ldconfig(const Toml& document, const Config& config) {
  const Toml* cli = document.find("nvidia-container-cli");
  const Toml* ldconfig = cli == nullptr ? nullptr : cli->find("ldconfig");
  if (ldconfig == nullptr || config.cli.ldconfig.starts_with('@') ||
      config.features.allow_ldconfig_from_container) {
    return {};
  }
  return Error(at("nvidia-container-cli.ldconfig", ldconfig->line,
                  cat("expected @ before the path, found ", quote(config.cli.ldconfig))))
      .hint("put @ before a path of the host, or set features.allow-ldconfig-from-container");
}

}  // namespace

Lookup lookup_from(const host::Environment& environment, std::string_view named) {
  const std::string_view variable = environment.get("NVIDIA_CTK_CONFIG_FILE_PATH").value_or("");
  return {.explicit_path = std::string(named.empty() ? variable : named),
          .xdg_config_home = std::string(environment.get("XDG_CONFIG_HOME").value_or(""))};
}

std::string config_path(const Lookup& lookup) {
  if (!lookup.explicit_path.empty()) return lookup.explicit_path;
  return path::join(lookup.xdg_config_home.empty() ? "/etc" : lookup.xdg_config_home,
                    "nvidia-container-runtime/config.toml");
}

Result<Config> parse_config(std::string_view text, Config defaults) {
  const Toml document = NVBOX_TRY(data::parse_toml(text));
  Config config = std::move(defaults);
  NVBOX_TRY(overlay(document, "", config));
  NVBOX_TRY(check_ldconfig(document, config));
  apply_older_keys(document, config);
  return config;
}

Result<Config> load_config(const Lookup& lookup, Config defaults) {
  const std::string path = config_path(lookup);
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  const std::string place = NVBOX_TRY(host::absolute_path(path));
  const std::optional<std::string> text = NVBOX_TRY(root.read(place));
  if (text) return parse_config(*text, std::move(defaults)).in(path);
  if (lookup.explicit_path.empty()) return defaults;
  return Error(cat("open ", path), ENOENT)
      .hint(
          "an option or NVIDIA_CTK_CONFIG_FILE_PATH names it; nvidia-ctk config default --output "
          "makes one");
}

}  // namespace nvbox::config
