// The keys of config.toml as one table: what the loader reads and what `config --explain` prints.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace nvbox::config {

// Where a key's value lives. The kind of the place is the type of the key.
using FlagField = bool& (*)(Config&);
using TextField = std::string& (*)(Config&);
using ListField = std::vector<std::string>& (*)(Config&);
using SecondsField = unsigned& (*)(Config&);
// A list that the file holds as one string with commas.
struct CommaField {
  ListField list;
};
using Field = std::variant<FlagField, TextField, ListField, CommaField, SecondsField>;

// Times of a key that is in seconds. Nobody waits for hours.
inline constexpr unsigned most_seconds = 3600;

// The words that a value may be; none: it may be anything.
struct Words {
  // How the value, or each element of a list, is made of them.
  enum class Form {
    one,
    in_any_case,  // one, in capitals as well
    several,      // with commas between them, or none
  };
  std::span<const std::string_view> allowed{};
  Form form = Form::one;
};

struct Key {
  std::string_view name;  // dotted
  Field field;
  std::string_view meaning;
  Words words{};
};

// In the order of the documentation.
std::span<const Key> keys();

// The row of this name; null when there is none.
const Key* find_key(std::string_view name);

// Whether the key is in the table of this dotted name, or in one below it.
bool is_in_table(const Key& key, std::string_view table);

// Whether keys are in the table of this name.
bool is_table_of_keys(std::string_view name);

// The parts of the name.
std::vector<std::string> path_of(const Key& key);

// "auto, legacy or cdi"; empty where any value is allowed.
std::string words_text(const Words& words);

// What is wrong with a value, or an element of a list: "expected auto, legacy or cdi, found \"x\"",
// and the word that may have been meant. nullopt when it is allowed.
std::optional<std::string> find_wrong_word(const Words& words, std::string_view value);

// "unknown key a.b" and, when a known key looks like it, a suggestion.
std::string describe_unknown(std::string_view key);

}  // namespace nvbox::config
