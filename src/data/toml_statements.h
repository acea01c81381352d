// Where the statements of a TOML document stand in its text, for changing it in place.
#pragma once

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

}  // namespace nvbox::data
