// The lines of a TOML document: which of them belong to what, and where new ones go.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/toml_statements.h"

namespace nvbox::data {

// From `begin` to before `end`.
struct TomlRange {
  size_t begin;
  size_t end;
};

class TomlLayout {
 public:
  TomlLayout(std::string_view text, std::vector<TomlStatement> statements)
      : text_(text), statements_(std::move(statements)) {}

  const std::vector<TomlStatement>& statements() const { return statements_; }

  // "\n", or "\r\n" when the first line ends so.
  std::string_view newline() const;

  // The statement's lines with the ends of them.
  TomlRange lines(const TomlStatement& statement) const;

  // The blanks in front of the statement.
  std::string_view indentation(const TomlStatement& statement) const;

  // What a header is in charge of: its line, the members, and the comments that directly follow;
  // null stands for what is in front of the first header. Comments right above the next header are
  // that header's.
  TomlRange section(const TomlStatement* header) const;

  // The last "key = value" of a section; null when it has none.
  const TomlStatement* last_member(const TomlStatement* header) const;

  // The line "#key = ..." of a section, without its end.
  std::optional<TomlRange> commented(const TomlStatement* header, std::string_view key) const;

  // Where comments begin that stand right above the line at `begin`.
  size_t above(size_t begin) const;

 private:
  size_t document_begin() const;
  size_t line_end(size_t at) const;
  std::string_view line_at(size_t begin) const;
  bool is_comment(size_t begin) const;
  size_t below(size_t end) const;
  // The headers around a section's members in the text.
  TomlRange between_headers(const TomlStatement* header) const;

  std::string_view text_;
  std::vector<TomlStatement> statements_;
};

}  // namespace nvbox::data
