// The lines of a TOML document: which of them belong to what, and where new ones go.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/toml.h"

namespace nvbox::data {

struct TomlStatement {
  enum class Kind {
    header,  // [a.b] or [[a.b]]
    member,  // key = value
    inner,   // key = value of an inline table
  } kind;
  // From the root of the document. Elements of an array of tables all have the array's path.
  std::vector<std::string> path;
  // How many parts of the path stand around a member: of its header or its inline table.
  size_t outer = 0;
  // Offsets in the text, from the bracket or the key to behind the bracket or the value.
  size_t begin = 0;
  size_t value = 0;  // of members
  size_t end = 0;
};

// Collects them while a document is read.
class TomlOutline {
 public:
  void add_header(const std::vector<std::string>& path, size_t begin, size_t end) {
    statements_.push_back({TomlStatement::Kind::header, path, 0, begin, end, end});
    here_ = path;
  }

  // Between these two stand the members of the value.
  void begin_member(const std::vector<std::string>& keys, size_t begin, size_t value) {
    const size_t outer = here_.size();
    here_.insert(here_.end(), keys.begin(), keys.end());
    statements_.push_back({is_inner() ? TomlStatement::Kind::inner : TomlStatement::Kind::member,
                           here_, outer, begin, value, value});
    open_.push_back(statements_.size() - 1);
  }
  void end_member(size_t end) {
    TomlStatement& statement = statements_[open_.back()];
    statement.end = end;
    here_.resize(statement.outer);
    open_.pop_back();
  }

  std::vector<TomlStatement> take() && { return std::move(statements_); }

 private:
  bool is_inner() const { return !open_.empty(); }

  std::vector<TomlStatement> statements_{};
  std::vector<std::string> here_{};
  std::vector<size_t> open_{};
};

// The statements of a document in the order of its text, without those in the inline tables of a
// list. Refuses what parse_toml refuses.
Result<std::vector<TomlStatement>> toml_statements(std::string_view text, const TomlLimits& limits);

// The lines of a TOML document: which of them belong to what, and where new ones go.

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
