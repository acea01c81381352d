#include <algorithm>

#include "data/toml_edit_plan.h"

namespace nvbox::data {
namespace {

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

}  // namespace

// The last statement at or below a path, so that what hangs on others goes before them.
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

}  // namespace nvbox::data
