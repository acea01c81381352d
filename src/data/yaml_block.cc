#include "data/yaml_block.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/text.h"
#include "data/json_members.h"
#include "data/yaml_scalar.h"

namespace nvbox::data {
namespace {

// Members are looked for one by one; a mapping with more is not what this reader is for.
constexpr size_t most_members = 64;
constexpr size_t longest_key = 128;

bool is_word_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         is_digit(character) || character == '_';
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_key(std::string_view text) {
  return !text.empty() && text.size() <= longest_key && is_word_character(text.front()) &&
         std::ranges::all_of(text, [](char c) {
           return is_word_character(c) || std::string_view("-./").contains(c);
         });
}

// "text" or 'text', without escapes.
std::optional<Json> quoted(std::string_view text) {
  const char quote = text.front();
  if (text.size() < 2 || text.back() != quote) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  if (text.contains(quote) || text.contains('\\')) return std::nullopt;
  return Json(text);
}

// Without what begins another construct: an indicator in front, a comment, a key.
std::optional<Json> plain(std::string_view text) {
  const bool is_option = text.front() == '-' && text.size() > 1 && text[1] != ' ';
  if (!is_word_character(text.front()) && !is_option &&
      !std::string_view("/.+").contains(text.front())) {
    return std::nullopt;
  }
  if (text.contains(" #") || text.contains(": ") || text.back() == ':') return std::nullopt;
  return resolve_plain(text);
}

std::optional<Json> scalar(std::string_view text) {
  if (text.empty() || text.back() == ' ') return std::nullopt;
  return text.front() == '"' || text.front() == '\'' ? quoted(text) : plain(text);
}

// "key: value" or "key:", where the value is empty.
struct Member {
  std::string_view key;
  std::string_view value;
};

std::optional<Member> member_of(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_key(text.substr(0, colon))) return std::nullopt;
  std::string_view value = text.substr(colon + 1);
  if (!value.empty() && value.front() != ' ') return std::nullopt;
  const size_t blanks = value.find_first_not_of(' ');
  if (blanks == std::string_view::npos && !value.empty()) return std::nullopt;
  value.remove_prefix(value.empty() ? 0 : blanks);
  return Member{text.substr(0, colon), value};
}

// Every function reads a node that begins in the current line and leaves the line behind it
// current, or gives up. Lines that belong to the node are indented to its column; a line that is
// indented otherwise continues a scalar or is an error, and in both cases nobody here takes it.
class BlockReader {
 public:
  BlockReader(std::string_view text, size_t most_levels) : rest_(text), most_levels_(most_levels) {}

  std::optional<Json> document() {
    if (rest_.starts_with("---\n")) rest_.remove_prefix(4);
    if (!next_line() || column_ != 0) return std::nullopt;
    std::optional<Json> value = node(1);
    return is_at_end_ && !is_strange_ ? std::move(value) : std::nullopt;
  }

 private:
  // The next one that is no comment. False at the end of the document and at a line that is none
  // of this reader's.
  bool next_line() {
    do {
      is_at_end_ = rest_.empty();
      if (is_at_end_) return false;
      const size_t end = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      column_ = std::min(line_.find_first_not_of(' '), line_.size());
      line_.remove_prefix(column_);
      const bool is_marker = column_ == 0 && (line_.starts_with("---") || line_.starts_with("..."));
      is_strange_ = line_.empty() || is_marker || !is_printable(line_);
    } while (line_.starts_with('#') && !is_strange_);
    return !is_strange_;
  }

  bool has_line() const { return !is_at_end_ && !is_strange_; }
  bool is_item() const { return line_.starts_with("- "); }

  std::optional<Json> node(size_t level) {
    if (level > most_levels_) return std::nullopt;
    return is_item() ? sequence(level) : mapping(level);
  }

  std::optional<Json> mapping(size_t level) {
    Json::object_t members;
    const size_t column = column_;
    while (has_line() && column_ == column && !is_item()) {
      const std::optional<Member> member = member_of(line_);
      if (!member || members.size() == most_members) return std::nullopt;
      std::string key(member->key);
      const auto has_key = [&](const auto& known) { return known.first == key; };
      if (std::ranges::any_of(members, has_key)) return std::nullopt;
      next_line();
      std::optional<Json> value =
          member->value.empty() ? value_below(column, level) : scalar(member->value);
      if (!value) return std::nullopt;
      append_member(members, std::move(key), *std::move(value));
    }
    if (has_line() && (column_ > column || members.empty())) return std::nullopt;
    return Json(std::move(members));
  }

  // Of a key that stands alone in its line: a sequence may begin in the column of the key.
  std::optional<Json> value_below(size_t column, size_t level) {
    if (!has_line() || column_ < column || (column_ == column && !is_item())) return Json();
    return node(level + 1);
  }

  std::optional<Json> sequence(size_t level) {
    Json::array_t items;
    const size_t column = column_;
    while (has_line() && column_ == column && is_item()) {
      const size_t blanks = std::min(line_.find_first_not_of(' ', 1), line_.size());
      line_.remove_prefix(blanks);
      column_ += blanks;
      std::optional<Json> value = item(level);
      if (!value) return std::nullopt;
      items.push_back(*std::move(value));
    }
    if (has_line() && column_ > column) return std::nullopt;
    return Json(std::move(items));
  }

  // A scalar, or a mapping whose first member stands behind the dash.
  std::optional<Json> item(size_t level) {
    if (is_item()) return std::nullopt;
    if (member_of(line_)) return level < most_levels_ ? mapping(level + 1) : std::nullopt;
    std::optional<Json> value = scalar(line_);
    next_line();
    return value;
  }

  std::string_view rest_;
  size_t most_levels_;
  std::string_view line_{};  // without its indentation
  size_t column_ = 0;
  bool is_at_end_ = false;
  bool is_strange_ = false;
};

}  // namespace

std::optional<Json> read_block_yaml(std::string_view text, const YamlLimits& limits) {
  // Every node has its own bytes, so that a document which is this short cannot have too many.
  if (text.size() > limits.bytes || text.size() > limits.nodes / 4) return std::nullopt;
  return BlockReader(text, limits.depth).document();
}

}  // namespace nvbox::data
