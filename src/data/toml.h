// TOML 1.0 documents as a tree that remembers lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace nvbox::data {

struct TomlMember;

// A date, a time or both, as it was written.
struct TomlDate {
  std::string text{};
  bool operator==(const TomlDate&) const = default;
};

struct Toml {
  using Table = std::vector<TomlMember>;  // in the document's order
  using Array = std::vector<Toml>;
  using Value = std::variant<Table, Array, std::string, std::int64_t, double, bool, TomlDate>;

  // How a table or an array came to be, which decides what may still be added to it.
  enum class Written : std::uint8_t {
    whole,    // in one place: a value, an inline table, an array in brackets
    implied,  // a table that only lies on the way to one with a header
    dotted,   // a table that a key with dots made
    header,   // [table], or the array that [[tables]] collect in
  };

  Value value;   // no initializer: TomlMember is incomplete here
  int line = 0;  // of the key, header or array element; the first line is 1
  Written written = Written::whole;

  // The member of this name; null when there is none or this is not a table.
  const Toml* find(std::string_view key) const;

  // "a table", "a list", "a string", ... for messages.
  std::string_view type_name() const;

  bool operator==(const Toml&) const = default;
};

struct TomlMember {
  std::string key{};
  Toml value{};
  bool operator==(const TomlMember&) const = default;
};

struct TomlLimits {
  size_t bytes = size_t{1024} * 1024;
  size_t depth = 64;
  // Members are found by looking at each, so this bounds the time for a hostile document.
  size_t members = 4096;
};

// The document's table. Errors are one line: "line 3, column 14: ...".
Result<Toml> parse_toml(std::string_view text, const TomlLimits& limits = {});

}  // namespace nvbox::data
