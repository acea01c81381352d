// The keys of config.toml as one table: what the loader reads and what `config --explain` prints.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nvbox/config/config.h"

namespace nvbox::config {

// Where a key's value lives. The kind of the place is the type of the key.
using FlagField = bool& (*)(Config&);
using TextField = std::string& (*)(Config&);
using ListField = std::vector<std::string>& (*)(Config&);
// A list that the file holds as one string with commas.
struct CommaField {
  ListField list;
};
using Field = std::variant<FlagField, TextField, ListField, CommaField>;

struct Key {
  std::string_view name;  // dotted
  Field field;
  std::string_view meaning;
};

// In the order of the documentation.
std::span<const Key> keys();

// "unknown key a.b" and, when a known key looks like it, a suggestion.
std::string describe_unknown(std::string_view key);

}  // namespace nvbox::config
