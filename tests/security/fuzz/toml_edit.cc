// Changes of TOML documents that belong to somebody else. Parts: a letter for what to do, the key
// with dots between its parts, the value, and the document.
#include "data/toml_edit.h"

#include <algorithm>

#include "security/fuzz/fuzz.h"
#include "support/toml_trees.h"

namespace nvbox {
namespace {

using data::TomlDocument;
using fuzz::require;
using Lines = std::vector<std::string>;

data::TomlPath path_of(std::string_view text) {
  data::TomlPath path;
  for (const std::string_view part : split(text.substr(0, 256), '.')) path.emplace_back(part);
  return path;
}

// What an editor of ours may be asked to write is UTF-8, as the document is.
bool is_text(std::string_view text) {
  return data::parse_toml(cat("a = ", data::toml_value_text(std::string(text)))).has_value();
}

data::TomlValue value_of(char kind, std::string_view text) {
  if (kind == 'b') return text == "true";
  if (kind == 'i') return parse_number<std::int64_t>(text).value_or(0);
  if (kind == 'l') return fuzz::lines_of(text, 8);
  return std::string(text);
}

// Which lines of `before` are no more there, and which are new, between the first and the last
// that are different.
struct Difference {
  Lines removed{};
  Lines added{};
};

Difference difference(std::string_view before, std::string_view after) {
  Difference out = {fuzz::lines_of(before, before.size()), fuzz::lines_of(after, after.size())};
  const auto common = std::ranges::mismatch(out.removed, out.added);
  out.removed.erase(out.removed.begin(), common.in1);
  out.added.erase(out.added.begin(), common.in2);
  while (!out.removed.empty() && !out.added.empty() && out.removed.back() == out.added.back()) {
    out.removed.pop_back();
    out.added.pop_back();
  }
  return out;
}

// The lines that are replaced are those of one member, or of one comment, by themselves.
void require_one_statement(const Lines& removed) {
  if (removed.empty()) return;
  const auto alone = data::parse_toml(cat(join(removed, "\n"), "\n"));
  require(alone.has_value(), "the lines that are replaced are whole");
  require(std::get<data::Toml::Table>(alone->value).size() <= 1, "one member is replaced");
}

// What a second reader, which read the document as we did, makes of the change.
void require_same_to_toml11(std::string_view before, const std::string& tree_before,
                            const TomlDocument& after) {
  if (test::toml11_tree(before) != tree_before) return;
  require(test::toml11_tree(after.text()) == test::tree_text(after.root()),
          "toml11 reads the changed document as we do");
}

void require_text_of(const TomlDocument& document) {
  const auto parsed = data::parse_toml(document.text());
  require(parsed.has_value(), "a changed document can be read");
  require(*parsed == document.root(), "a document's tree is its text's");
}

// Whether the key is in a table between braces, which may share its lines with others.
bool is_inline(const TomlDocument& document, std::span<const std::string> path) {
  for (size_t size = 1; size < path.size(); ++size) {
    const data::Toml* const table = document.get(path.first(size));
    if (table != nullptr && table->written == data::Toml::Written::whole) return true;
  }
  return false;
}

void set(const TomlDocument& before, const data::TomlPath& path, const data::TomlValue& value,
         TomlDocument::NewKey where) {
  TomlDocument document = before;
  if (!document.set(path, value, where)) {
    require(document.text() == before.text(), "a change that fails changes nothing");
    return;
  }
  require_text_of(document);
  const auto wanted = data::parse_toml(cat("a = ", data::toml_value_text(value)));
  require(document.get(path) != nullptr &&
              test::tree_text(*document.get(path)) == test::tree_text(*wanted->find("a")),
          "the key has the value");
  require(test::tree_text_without(document.root(), path) ==
              test::tree_text_without(before.root(), path),
          "everything else has its value");
  if (!is_inline(before, path)) {
    require_one_statement(difference(before.text(), document.text()).removed);
  }
  require_same_to_toml11(before.text(), test::tree_text(before.root()), document);
  TomlDocument again = document;
  require(again.set(path, value, where) && again.text() == document.text(),
          "what is set already is not written again");
}

void remove(const TomlDocument& before, const data::TomlPath& path) {
  TomlDocument document = before;
  if (!document.remove(path)) {
    require(document.text() == before.text(), "a change that fails changes nothing");
    return;
  }
  require_text_of(document);
  require(path.empty() || document.get(path) == nullptr, "the key is gone");
  require(test::tree_text_without(document.root(), path) ==
              test::tree_text_without(before.root(), path),
          "everything else has its value");
  require(document.text().size() <= before.text().size(), "nothing is written");
  require_same_to_toml11(before.text(), test::tree_text(before.root()), document);
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const std::string_view what = parts.next();
  const data::TomlPath path = path_of(parts.next());
  const std::string_view value = parts.next();
  const auto document = TomlDocument::parse(std::string(parts.next()));
  if (what.empty() || !document || !is_text(value) ||
      !std::ranges::all_of(path, [](auto& part) { return is_text(part); })) {
    return 0;
  }
  if (what[0] == 'r') {
    remove(*document, path);
  } else {
    const bool is_at_comment = what.size() > 1 && what[1] == 'c';
    set(*document, path, value_of(what[0], value),
        is_at_comment ? TomlDocument::NewKey::at_comment : TomlDocument::NewKey::at_end);
  }
  return 0;
}
