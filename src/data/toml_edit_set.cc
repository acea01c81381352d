#include <algorithm>
#include <optional>

#include "base/text.h"
#include "data/toml_edit_plan.h"
#include "data/toml_write.h"

namespace nvbox::data {
namespace {

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

}  // namespace

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

}  // namespace nvbox::data
