// Every change is one splice of the text, and the new text is read again: documents are small and
// changes are few, and so nothing has to be kept in step with the text.

#include "data/toml_edit.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "data/toml_layout.h"
#include "data/toml_second_opinion.h"
#include "data/toml_write.h"

namespace nvbox::data {
namespace {

using TomlPathView = std::span<const std::string>;

// A place in the text, and what it is replaced with.
struct TomlSplice {
  TomlRange range;
  std::string text;
};

// What a change looks at.
struct TomlView {
  std::string_view text;
  const Toml& root;
  TomlLayout layout;
};

inline bool is_table(const Toml& toml) {
  return std::holds_alternative<Toml::Table>(toml.value);
}

inline bool is_at_or_below(const TomlStatement& statement, TomlPathView path) {
  return statement.path.size() >= path.size() &&
         std::ranges::equal(TomlPathView(statement.path).first(path.size()), path);
}
using Kind = TomlStatement::Kind;

Error no_table(TomlPathView path, const Toml& found) {
  return Error(cat("line ", found.line, ": ", toml_path_text(path), " is ", found.type_name(),
                   ", not a table"));
}

const TomlStatement* find(const TomlView& view, Kind kind, TomlPathView path) {
  const auto& statements = view.layout.statements();
  const auto found = std::ranges::find_if(statements, [&](const TomlStatement& each) {
    return each.kind == kind && std::ranges::equal(each.path, path);
  });
  return found == statements.end() ? nullptr : &*found;
}

const TomlStatement* find_member(const TomlView& view, TomlPathView path) {
  const TomlStatement* const found = find(view, Kind::member, path);
  return found != nullptr ? found : find(view, Kind::inner, path);
}

// A line of its own at `at`, which is the beginning of a line or the end of the document.
TomlSplice line_at(const TomlView& view, size_t at, std::string_view line) {
  const std::string_view newline = view.layout.newline();
  const bool is_after_text = at > 0 && view.text[at - 1] != '\n' && at == view.text.size();
  return {{at, at}, cat(is_after_text ? newline : "", line, newline)};
}

// The last member that writes a key of this table with dots: a.b.c = 1 for a.b.
const TomlStatement* last_dotted(const TomlView& view, TomlPathView table) {
  const auto& statements = view.layout.statements();
  const auto found = std::find_if(statements.rbegin(), statements.rend(), [&](const auto& each) {
    return each.kind == Kind::member && each.outer < table.size() &&
           each.path.size() > table.size() && is_at_or_below(each, table);
  });
  return found == statements.rend() ? nullptr : &*found;
}

// What is to be added.
struct NewMember {
  const TomlPath& path;
  size_t table;  // so many parts of the path are a table that there is
  std::string value;
  TomlDocument::NewKey where;

  TomlPathView table_path() const { return TomlPathView(path).first(table); }
  std::string line_from(size_t part) const {
    return cat(toml_path_text(TomlPathView(path).subspan(part)), " = ", value);
  }
};

TomlSplice add_to_inline_table(const TomlView& view, const TomlStatement& table,
                               const NewMember& member) {
  const size_t brace = table.end - 1;
  const size_t last = view.text.find_last_not_of(" \t", brace - 1);
  const std::string line = member.line_from(table.path.size());
  if (view.text[last] == '{') return {{last + 1, brace}, cat(" ", line, " ")};
  return {{last + 1, last + 1}, cat(", ", line)};
}

// To the section of a header, or with null to the front of the document.
TomlSplice add_to_section(const TomlView& view, const TomlStatement* header,
                          const NewMember& member) {
  const std::string line = member.line_from(member.table);
  if (member.where == TomlDocument::NewKey::at_comment) {
    const auto comment = view.layout.commented(header, toml_key(member.path.back()));
    if (comment) return {*comment, line};
  }
  const TomlRange section = view.layout.section(header);
  const TomlStatement* const last = view.layout.last_member(header);
  const TomlStatement* const neighbour = last == nullptr ? header : last;
  const std::string_view indentation =
      neighbour == nullptr ? "" : view.layout.indentation(*neighbour);
  TomlSplice added = line_at(view, section.end, cat(indentation, line));
  const bool is_before_header = neighbour == nullptr && !view.layout.statements().empty();
  if (is_before_header) added.text += view.layout.newline();
  return added;
}

TomlSplice add_table(const TomlView& view, const NewMember& member) {
  const std::string_view newline = view.layout.newline();
  const std::string header =
      cat("[", toml_path_text(TomlPathView(member.path).first(member.path.size() - 1)), "]");
  const bool is_apart =
      trim(view.text).empty() || view.text.ends_with("\n\n") || view.text.ends_with("\n\r\n");
  return line_at(
      view, view.text.size(),
      cat(is_apart ? "" : newline, header, newline, member.line_from(member.path.size() - 1)));
}

// The inline table that the table is or is part of.
const TomlStatement* inline_table_around(const TomlView& view, TomlPathView table) {
  for (; !table.empty(); table = table.first(table.size() - 1)) {
    if (const TomlStatement* found = find_member(view, table)) return found;
  }
  return nullptr;
}

TomlSplice add(const TomlView& view, const NewMember& member) {
  const TomlPathView table = member.table_path();
  if (const TomlStatement* whole = inline_table_around(view, table)) {
    return add_to_inline_table(view, *whole, member);
  }
  if (member.table + 1 < member.path.size()) return add_table(view, member);
  if (table.empty()) return add_to_section(view, nullptr, member);
  if (const TomlStatement* header = find(view, Kind::header, table)) {
    return add_to_section(view, header, member);
  }
  const TomlStatement* neighbour = last_dotted(view, table);
  if (neighbour == nullptr) return add_table(view, member);
  return line_at(view, view.layout.lines(*neighbour).end,
                 cat(view.layout.indentation(*neighbour), member.line_from(neighbour->outer)));
}

// For a path that has another value or none.
Result<TomlSplice> plan_set(const TomlView& view, const TomlPath& path, const TomlValue& value,
                            TomlDocument::NewKey where) {
  const Toml* at = &view.root;
  for (size_t depth = 0; depth < path.size(); ++depth) {
    if (!is_table(*at)) return no_table(TomlPathView(path).first(depth), *at);
    const Toml* next = at->find(path[depth]);
    if (next == nullptr) return add(view, {path, depth, toml_value_text(value), where});
    at = next;
  }
  const TomlStatement* member = find_member(view, path);
  if (is_table(*at) || member == nullptr) {
    return Error(cat("line ", at->line, ": ", toml_path_text(path), " is ", at->type_name(),
                     ", not a value"));
  }
  return TomlSplice{{member->value, member->end}, toml_value_text(value)};
}

using Kind = TomlStatement::Kind;

// A member of an inline table with the comma that it needs no more.
TomlRange inner_range(const TomlView& view, const TomlStatement& member) {
  const TomlPathView table = TomlPathView(member.path).first(member.outer);
  const auto is_sibling = [&](const TomlStatement& each) {
    return each.kind == Kind::inner && each.outer == member.outer && is_at_or_below(each, table);
  };
  const TomlStatement* before = nullptr;
  for (const TomlStatement& each : view.layout.statements()) {
    if (!is_sibling(each)) continue;
    if (each.begin > member.begin) return {member.begin, each.begin};
    if (each.begin < member.begin) before = &each;
  }
  return {before == nullptr ? member.begin : before->end, member.end};
}

// The header's section with the blank lines behind it, or in front where the document ends.
TomlRange section_range(const TomlView& view, const TomlStatement& header) {
  TomlRange range = view.layout.section(&header);
  const size_t next = view.text.find_first_not_of(" \t\r\n", range.end);
  if (next != std::string_view::npos) {
    range.end = view.text.rfind('\n', next) + 1;
    return range;
  }
  range.end = view.text.size();
  const size_t last = view.text.substr(0, range.begin).find_last_not_of(" \t\r\n");
  if (last != std::string_view::npos) {
    range.begin = std::min(view.text.find('\n', last) + 1, range.begin);
  }
  return range;
}

// One step of removing what is at the path: the last statement at or below it, so that what hangs
// on others goes before them. There are no more steps when nothing is.
TomlRange plan_remove(const TomlView& view, TomlPathView path) {
  const auto& statements = view.layout.statements();
  const auto last = std::find_if(statements.rbegin(), statements.rend(), [&](const auto& each) {
    return each.kind != Kind::inner && is_at_or_below(each, path);
  });
  if (last != statements.rend()) {
    return last->kind == Kind::header ? section_range(view, *last) : view.layout.lines(*last);
  }
  const auto inner = std::ranges::find_if(
      statements, [&](const TomlStatement& each) { return is_at_or_below(each, path); });
  return inner_range(view, *inner);
}

std::string spliced(std::string text, const TomlSplice& splice) {
  const TomlRange& range = splice.range;
  text.replace(range.begin, range.end - range.begin, splice.text);
  return text;
}

}  // namespace

Result<TomlDocument> TomlDocument::parse(std::string text, const TomlLimits& limits) {
  Toml root = NVBOX_TRY(parse_toml(text, limits));
  return TomlDocument(std::move(text), std::move(root), limits);
}

Result<> TomlDocument::replace(std::string text) {
  root_ = NVBOX_TRY(parse_toml(text, limits_));
  text_ = std::move(text);
  return {};
}

Result<std::string> TomlDocument::checked_text() const {
  if (text_ == original_) return text_;
  NVBOX_TRY(check_toml_edit(original_, changes_, text_));
  return text_;
}

const Toml* TomlDocument::get(std::span<const std::string> path) const {
  const Toml* at = &root_;
  for (const std::string& key : path) {
    if (at != nullptr) at = at->find(key);
  }
  return at;
}

std::vector<std::string> TomlDocument::tables_below(std::span<const std::string> path) const {
  std::vector<std::string> names;
  const Toml* table = get(path);
  if (table == nullptr || !is_table(*table)) return names;
  for (const auto& [key, value] : std::get<Toml::Table>(table->value)) {
    if (is_table(value)) names.push_back(key);
  }
  return names;
}

Result<> TomlDocument::set(const TomlPath& path, const TomlValue& value, NewKey where) {
  if (path.empty()) return Error("a key without a name cannot be set");
  if (const Toml* there = get(path); there != nullptr && is_same(*there, value)) return {};
  auto statements = NVBOX_TRY(toml_statements(text_, limits_));
  const TomlView view{text_, root_, {text_, std::move(statements)}};
  const TomlSplice splice = NVBOX_TRY(plan_set(view, path, value, where));
  NVBOX_TRY(replace(spliced(text_, splice)).in(cat("set ", toml_path_text(path))));
  changes_.push_back({path, value});
  return {};
}

Result<> TomlDocument::remove(const TomlPath& path) {
  if (path.empty() || get(path) == nullptr) return {};
  TomlDocument rest = *this;
  while (rest.get(path) != nullptr) {
    auto statements = NVBOX_TRY(toml_statements(rest.text_, limits_));
    const TomlView view{rest.text_, rest.root_, {rest.text_, std::move(statements)}};
    const TomlRange range = plan_remove(view, path);
    NVBOX_TRY(
        rest.replace(spliced(rest.text_, {range, ""})).in(cat("remove ", toml_path_text(path))));
  }
  *this = std::move(rest);
  changes_.push_back({path, std::nullopt});
  return {};
}

}  // namespace nvbox::data
