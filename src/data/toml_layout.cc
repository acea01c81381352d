#include "data/toml_layout.h"

#include <algorithm>

#include "base/text.h"

namespace nvbox::data {
namespace {

using Kind = TomlStatement::Kind;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_header(const TomlStatement& statement) {
  return statement.kind == Kind::header;
}

}  // namespace

std::string_view TomlLayout::newline() const {
  const size_t first = text_.find('\n');
  const bool is_windows = first != std::string_view::npos && first > 0 && text_[first - 1] == '\r';
  return is_windows ? "\r\n" : "\n";
}

size_t TomlLayout::document_begin() const {
  return text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
}

// Behind the end of the line.
size_t TomlLayout::line_end(size_t at) const {
  const size_t end = text_.find('\n', at);
  return end == std::string_view::npos ? text_.size() : end + 1;
}

std::string_view TomlLayout::line_at(size_t begin) const {
  return trim(text_.substr(begin, line_end(begin) - begin));
}

bool TomlLayout::is_comment(size_t begin) const {
  return line_at(begin).starts_with('#');
}

TomlRange TomlLayout::lines(const TomlStatement& statement) const {
  const size_t before = text_.substr(0, statement.begin).rfind('\n');
  const size_t begin = before == std::string_view::npos ? document_begin() : before + 1;
  return {begin, line_end(statement.end)};
}

std::string_view TomlLayout::indentation(const TomlStatement& statement) const {
  const size_t begin = lines(statement).begin;
  return text_.substr(begin, statement.begin - begin);
}

size_t TomlLayout::above(size_t begin) const {
  while (begin > document_begin()) {
    const size_t before = begin < 2 ? std::string_view::npos : text_.rfind('\n', begin - 2);
    const size_t line = before == std::string_view::npos ? document_begin() : before + 1;
    if (!is_comment(line)) return begin;
    begin = line;
  }
  return begin;
}

// Behind the comments that begin at `end`, unless they are those of a header.
size_t TomlLayout::below(size_t end) const {
  size_t at = end;
  while (at < text_.size() && is_comment(at)) at = line_end(at);
  return line_at(at).starts_with('[') ? end : at;
}

TomlRange TomlLayout::between_headers(const TomlStatement* header) const {
  const auto first =
      header == nullptr ? statements_.begin() : statements_.begin() + (header - statements_.data());
  const auto next = std::find_if(first + (header == nullptr ? 0 : 1), statements_.end(), is_header);
  return {header == nullptr ? document_begin() : lines(*header).end,
          next == statements_.end() ? text_.size() : lines(*next).begin};
}

const TomlStatement* TomlLayout::last_member(const TomlStatement* header) const {
  const TomlRange space = between_headers(header);
  const auto last =
      std::find_if(statements_.rbegin(), statements_.rend(), [&](const TomlStatement& statement) {
        return statement.kind == Kind::member && statement.begin >= space.begin &&
               statement.begin < space.end;
      });
  return last == statements_.rend() ? nullptr : &*last;
}

TomlRange TomlLayout::section(const TomlStatement* header) const {
  const TomlRange space = between_headers(header);
  const size_t begin = header == nullptr ? space.begin : lines(*header).begin;
  if (const TomlStatement* last = last_member(header)) return {begin, below(lines(*last).end)};
  if (header != nullptr) return {begin, below(space.begin)};
  // Nothing but comments: what stands right above the first header is that header's.
  return {begin, space.end == text_.size() ? space.end : above(space.end)};
}

std::optional<TomlRange> TomlLayout::commented(const TomlStatement* header,
                                               std::string_view key) const {
  const TomlRange space = between_headers(header);
  for (size_t at = space.begin; at < space.end; at = line_end(at)) {
    std::string_view line = line_at(at);
    if (!line.starts_with('#')) continue;
    line = trim(line.substr(1));
    if (!line.starts_with(key) || !trim(line.substr(key.size())).starts_with('=')) continue;
    const bool is_in_value = std::ranges::any_of(statements_, [&](const TomlStatement& statement) {
      return statement.begin < at && at < statement.end;
    });
    if (is_in_value) continue;
    const size_t begin = text_.find('#', at);
    return TomlRange{
        begin, begin + text_.substr(begin, line_end(at) - begin).find_last_not_of("\r\n") + 1};
  }
  return std::nullopt;
}

}  // namespace nvbox::data
