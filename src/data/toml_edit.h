// A TOML document that is changed key by key while every other byte stays: comments, order, blank
// lines, quoting, line endings. For files that belong to somebody else, like containerd's.
//
// A key is named by its parts, {"plugins", "io.containerd.grpc.v1.cri", "version"}, however the
// document writes it: under a header, with dots, or in an inline table. What lies inside an array
// of tables has no such name and is never changed; such an array can be removed as a whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "data/toml.h"
#include "data/toml_layout.h"

namespace nvbox::data {

using TomlPath = std::vector<std::string>;

// The values that can be written.
using TomlValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

// One change: the key's new value, or that it was removed with everything below it.
struct TomlChange {
  TomlPath path{};
  std::optional<TomlValue> value{};
};

// "a.b" or "plugins.\"io.containerd.grpc.v1.cri\"": for messages.
std::string toml_path_text(std::span<const std::string> path);

// The value as a document has it: strings in double quotes, lists on one line.
std::string toml_value_text(const TomlValue& value);

class TomlDocument {
 public:
  // Where a key goes that the document does not have.
  enum class NewKey {
    at_end,      // of its table
    at_comment,  // in the place of a line "#key = ..." of its table; at_end when there is none
  };

  // The empty document.
  TomlDocument() = default;

  // Refuses what parse_toml refuses, with its messages.
  static Result<TomlDocument> parse(std::string text, const TomlLimits& limits = {});

  const std::string& text() const { return text_; }

  // The text for replacing the file that parse() was given, after toml++ has said that it is the
  // old one but for the changes (data/toml_second_opinion.h). Without a change nobody is asked.
  Result<std::string> checked_text() const;

  const Toml& root() const { return root_; }

  // What is at the path, the whole document for the empty one; null when nothing is.
  const Toml* get(std::span<const std::string> path) const;

  // Names of the tables in the table at `path`, in the document's order; arrays of tables are left
  // out. Empty when there is no such table.
  std::vector<std::string> tables_below(std::span<const std::string> path) const;

  // Makes the key have the value; one that has it already stays as it is written, and comments
  // between the elements of a list go with the list that is replaced. A key that is missing is
  // added to its table, a table that is missing at the end of the document. An error, after which
  // the document is as it was: the path is a table, or leads through something that is none.
  Result<> set(const TomlPath& path, const TomlValue& value, NewKey where = NewKey::at_end);

  // Removes the key, or the table with everything below it. Comments directly above stay,
  // those between and right below a table's keys go with it. Nothing there is no error.
  Result<> remove(const TomlPath& path);

 private:
  TomlDocument(std::string text, Toml root, const TomlLimits& limits)
      : original_(text), text_(std::move(text)), root_(std::move(root)), limits_(limits) {}

  // Takes over what the edited text says.
  Result<> replace(std::string text);

  std::string original_{};
  std::vector<TomlChange> changes_{};
  std::string text_{};
  Toml root_{Toml::Table{}, 1, Toml::Written::header};
  TomlLimits limits_{};
};

}  // namespace nvbox::data
