#include "nvbox/config/config.h"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"
#include "nvbox/config/keys.h"
#include "nvbox/data/toml.h"
#include "nvbox/host/root.h"

namespace nvbox::config {
namespace {

using data::Toml;

Error at(std::string_view key, int line, std::string_view reason) {
  return Error(cat("line ", line, ": ", key, ": ", reason));
}

Error wrong_type(std::string_view key, const Toml& found, std::string_view expected) {
  return at(key, found.line, cat("expected ", expected, ", found ", found.type_name()));
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
        return at(key, element.line,
                  cat("expected a list of strings, found ", element.type_name(), " in it"));
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
      return at(key, found.line, cat("expected 1 to ", most_seconds, ", found ", *value));
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

// `prefix` is the dotted name of the table. Of an unknown table only the table itself is listed.
Result<> overlay(const Toml& table, const std::string& prefix, Config& config) {
  for (const auto& [name, value] : std::get<Toml::Table>(table.value)) {
    const std::string key = prefix.empty() ? name : cat(prefix, ".", name);
    if (const Key* known = find_key(key)) {
      NVBOX_TRY(std::visit(Store{key, value, config}, known->field));
    } else if (!is_table_of_keys(key)) {
      config.unknown_keys.push_back(key);
    } else if (!std::holds_alternative<Toml::Table>(value.value)) {
      return wrong_type(key, value, "a table");
    } else {
      NVBOX_TRY(overlay(value, key, config));
    }
  }
  return {};
}

// A path of the container would let an image run a program of its own with the host's rights.
Result<> check_ldconfig(const Toml& document, const Config& config) {
  const Toml* cli = document.find("nvidia-container-cli");
  const Toml* ldconfig = cli == nullptr ? nullptr : cli->find("ldconfig");
  if (ldconfig == nullptr || config.cli.ldconfig.starts_with('@') ||
      config.features.allow_ldconfig_from_container) {
    return {};
  }
  return at("nvidia-container-cli.ldconfig", ldconfig->line,
            cat("expected @ before the path, found ", quote(config.cli.ldconfig)))
      .hint("put @ before a path of the host, or set features.allow-ldconfig-from-container");
}

// A relative path counts from the current directory.
Result<std::string> absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  const host::Root here = NVBOX_TRY(host::Root::open("."));
  return path::join(here.path(), path);
}

}  // namespace

Lookup lookup_from(const host::Environment& environment) {
  return {.explicit_path = std::string(environment.get("NVIDIA_CTK_CONFIG_FILE_PATH").value_or("")),
          .xdg_config_home = std::string(environment.get("XDG_CONFIG_HOME").value_or(""))};
}

std::string config_path(const Lookup& lookup) {
  if (!lookup.explicit_path.empty()) return lookup.explicit_path;
  return path::join(lookup.xdg_config_home.empty() ? "/etc" : lookup.xdg_config_home,
                    "nvidia-container-runtime/config.toml");
}

Result<Config> parse_config(std::string_view text) {
  const Toml document = NVBOX_TRY(data::parse_toml(text));
  Config config;
  NVBOX_TRY(overlay(document, "", config));
  NVBOX_TRY(check_ldconfig(document, config));
  return config;
}

Result<Config> load_config(const std::string& path, Missing missing) {
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  const std::string place = NVBOX_TRY(absolute(path));
  const std::optional<std::string> text = NVBOX_TRY(root.read(place));
  if (!text && missing == Missing::error) return Error(cat("open ", path), ENOENT);
  if (!text) return Config{};
  return parse_config(*text).in(path);
}

Result<Config> load_chosen_config(const Lookup& lookup) {
  return load_config(config_path(lookup),
                     lookup.explicit_path.empty() ? Missing::defaults : Missing::error);
}

}  // namespace nvbox::config
