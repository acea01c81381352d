// Every change is one splice of the text, and the new text is read again: documents are small and
// changes are few, and so nothing has to be kept in step with the text.
#include "nvbox/data/toml_edit.h"

#include <algorithm>
#include <optional>

#include "data/toml_layout.h"
#include "data/toml_statements.h"
#include "data/toml_write.h"
#include "nvbox/base/text.h"

namespace nvbox::data {
namespace {

using Kind = TomlStatement::Kind;
using Path = std::span<const std::string>;

bool is_path(const TomlStatement& statement, Path path) {
  return std::ranges::equal(statement.path, path);
}

bool is_at_or_below(const TomlStatement& statement, Path path) {
  return statement.path.size() >= path.size() &&
         std::ranges::equal(Path(statement.path).first(path.size()), path);
}

bool is_table(const Toml& toml) {
  return std::holds_alternative<Toml::Table>(toml.value);
}

Error no_table(Path path, const Toml& found) {
  return Error(cat("line ", found.line, ": ", toml_path_text(path), " is ", found.type_name(),
                   ", not a table"));
}

// A place in the text, and what it is replaced with.
struct Splice {
  TomlRange range;
  std::string text;
};

// What an edit looks at.
struct View {
  std::string_view text;
  const Toml& root;
  TomlLayout layout;

  const TomlStatement* find(Kind kind, Path path) const {
    const auto found = std::ranges::find_if(layout.statements(), [&](const auto& statement) {
      return statement.kind == kind && is_path(statement, path);
    });
    return found == layout.statements().end() ? nullptr : &*found;
  }

  const TomlStatement* find_member(Path path) const {
    const TomlStatement* found = find(Kind::member, path);
    return found != nullptr ? found : find(Kind::inner, path);
  }
};

// A line of its own at `at`, which is the beginning of a line or the end of the document.
Splice line_at(const View& view, size_t at, std::string_view line) {
  const std::string_view newline = view.layout.newline();
  const bool is_after_text = at > 0 && view.text[at - 1] != '\n' && at == view.text.size();
  return {{at, at}, cat(is_after_text ? newline : "", line, newline)};
}

// The last member that writes a key of this table with dots: a.b.c = 1 for a.b.
const TomlStatement* last_dotted(const View& view, Path table) {
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

  Path table_path() const { return Path(path).first(table); }
  std::string line_from(size_t part) const {
    return cat(toml_path_text(Path(path).subspan(part)), " = ", value);
  }
};

Splice add_to_inline_table(const View& view, const TomlStatement& table, const NewMember& member) {
  const size_t brace = table.end - 1;
  const size_t last = view.text.find_last_not_of(" \t", brace - 1);
  const std::string line = member.line_from(table.path.size());
  if (view.text[last] == '{') return {{last + 1, brace}, cat(" ", line, " ")};
  return {{last + 1, last + 1}, cat(", ", line)};
}

// To the section of a header, or with null to the front of the document.
Splice add_to_section(const View& view, const TomlStatement* header, const NewMember& member) {
  const std::string line = member.line_from(member.table);
  if (member.where == TomlDocument::NewKey::at_comment) {
    const auto comment = view.layout.commented(header, toml_key(member.path.back()));
    if (comment) return {*comment, line};
  }
  const TomlRange section = view.layout.section(header);
  const auto& statements = view.layout.statements();
  const auto is_member_here = [&](const TomlStatement& each) {
    return each.kind == Kind::member && each.begin >= section.begin && each.begin < section.end;
  };
  const auto last = std::find_if(statements.rbegin(), statements.rend(), is_member_here);
  const TomlStatement* neighbour = last == statements.rend() ? header : &*last;
  const std::string_view indentation =
      neighbour == nullptr ? "" : view.layout.indentation(*neighbour);
  Splice added = line_at(view, section.end, cat(indentation, line));
  const bool is_before_header = neighbour == nullptr && !statements.empty();
  if (is_before_header) added.text += view.layout.newline();
  return added;
}

Splice add_table(const View& view, const NewMember& member) {
  const std::string_view newline = view.layout.newline();
  const std::string header =
      cat("[", toml_path_text(Path(member.path).first(member.path.size() - 1)), "]");
  const bool is_empty = trim(view.text).empty();
  return line_at(
      view, view.text.size(),
      cat(is_empty ? "" : newline, header, newline, member.line_from(member.path.size() - 1)));
}

// The inline table that the table is or is part of.
const TomlStatement* inline_table_around(const View& view, Path table) {
  for (; !table.empty(); table = table.first(table.size() - 1)) {
    if (const TomlStatement* found = view.find_member(table)) return found;
  }
  return nullptr;
}

Splice add(const View& view, const NewMember& member) {
  const Path table = member.table_path();
  if (const TomlStatement* whole = inline_table_around(view, table)) {
    return add_to_inline_table(view, *whole, member);
  }
  if (member.table + 1 < member.path.size()) return add_table(view, member);
  if (table.empty()) return add_to_section(view, nullptr, member);
  if (const TomlStatement* header = view.find(Kind::header, table)) {
    return add_to_section(view, header, member);
  }
  const TomlStatement* neighbour = last_dotted(view, table);
  if (neighbour == nullptr) return add_table(view, member);
  return line_at(view, view.layout.lines(*neighbour).end,
                 cat(view.layout.indentation(*neighbour), member.line_from(neighbour->outer)));
}

Result<Splice> plan_set(const View& view, const TomlPath& path, const TomlValue& value,
                        TomlDocument::NewKey where) {
  const Toml* at = &view.root;
  for (size_t depth = 0; depth < path.size(); ++depth) {
    if (!is_table(*at)) return no_table(Path(path).first(depth), *at);
    const Toml* next = at->find(path[depth]);
    if (next == nullptr) return add(view, {path, depth, toml_value_text(value), where});
    at = next;
  }
  const TomlStatement* member = view.find_member(path);
  if (is_table(*at) || member == nullptr) {
    return Error(cat("line ", at->line, ": ", toml_path_text(path), " is ", at->type_name(),
                     ", not a value"));
  }
  return Splice{{member->value, member->end}, toml_value_text(value)};
}

// A member of an inline table with the comma that it needs no more.
TomlRange inner_range(const View& view, const TomlStatement& member) {
  const Path table = Path(member.path).first(member.outer);
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
TomlRange section_range(const View& view, const TomlStatement& header) {
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

// The last statement at or below a path, so that what hangs on others goes before them.
TomlRange plan_remove(const View& view, Path path) {
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

std::string spliced(std::string text, const Splice& splice) {
  const TomlRange& range = splice.range;
  text.replace(range.begin, range.end - range.begin, splice.text);
  return text;
}

}  // namespace

Result<TomlDocument> TomlDocument::parse(std::string text, const TomlLimits& limits) {
  Toml root = NVBOX_TRY(parse_toml(text, limits));
  return TomlDocument(std::move(text), std::move(root), limits);
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
  const View view{text_, root_, {text_, NVBOX_TRY(toml_statements(text_, limits_))}};
  const Splice splice = NVBOX_TRY(plan_set(view, path, value, where));
  *this = NVBOX_TRY(parse(spliced(text_, splice), limits_).in(cat("set ", toml_path_text(path))));
  return {};
}

Result<> TomlDocument::remove(const TomlPath& path) {
  TomlDocument rest = *this;
  while (!path.empty() && rest.get(path) != nullptr) {
    const View view{
        rest.text_, rest.root_, {rest.text_, NVBOX_TRY(toml_statements(rest.text_, limits_))}};
    const TomlRange range = plan_remove(view, path);
    rest = NVBOX_TRY(
        parse(spliced(rest.text_, {range, ""}), limits_).in(cat("remove ", toml_path_text(path))));
  }
  *this = std::move(rest);
  return {};
}

}  // namespace nvbox::data
