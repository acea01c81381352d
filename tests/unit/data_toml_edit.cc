#include "data/toml_edit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace nvbox::data {
namespace {

using NewKey = TomlDocument::NewKey;
using List = std::vector<std::string>;

TomlDocument document(std::string_view text) {
  auto parsed = TomlDocument::parse(std::string(text));
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? std::move(parsed).value() : TomlDocument();
}

struct SetCase {
  std::string_view what;
  std::string_view before;
  TomlPath path;
  TomlValue value;
  std::string_view after;
  NewKey where = NewKey::at_end;
};

const SetCase set_cases[] = {
    {"boolean", "a = true # why\n", {"a"}, false, "a = false # why\n"},
    {"the other of two", "a = 1\nb = 2\n", {"b"}, std::int64_t{-3}, "a = 1\nb = -3\n"},
    {"another type", "a = 'x'\n", {"a"}, List{"x", "y"}, "a = [\"x\", \"y\"]\n"},
    {"quoting of an equal value stays", "a = 'x'\n", {"a"}, std::string("x"), "a = 'x'\n"},
    {"an equal list stays", "a = [\n 'x', # y\n]\n", {"a"}, List{"x"}, "a = [\n 'x', # y\n]\n"},
    {"a list over lines", "a = [\n 'x',\n]\nb = 1\n", {"a"}, List{}, "a = []\nb = 1\n"},
    {"a long string", "a = '''\n#b = 1\n'''  #c\n", {"a"}, true, "a = true  #c\n"},
    {"escapes",
     "",
     {"a"},
     std::string("\"\\\n\x1b\x7f\xc3\xa4"),
     "a = \"\\\"\\\\\\n\\u001B\\u007F\xc3\xa4\"\n"},
    {"escaped key", "", {"a b", ""}, true, "[\"a b\"]\n\"\" = true\n"},
    {"CRLF",
     "[t]\r\na = 1\r\n\r\n[u]\r\n",
     {"t", "b"},
     true,
     "[t]\r\na = 1\r\nb = true\r\n\r\n[u]\r\n"},
    {"byte order mark",
     "\xef\xbb\xbf[t]\n",
     {"a"},
     true,
     "\xef\xbb\xbf"
     "a = true\n\n[t]\n"},
    {"no newline at the end", "a = 1", {"b"}, true, "a = 1\nb = true\n"},
    {"empty document", "", {"a"}, true, "a = true\n"},
    {"only comments", "# x\n", {"a"}, true, "# x\na = true\n"},
    {"root without keys", "# x\n\n# of t\n[t]\n", {"a"}, true, "# x\n\na = true\n\n# of t\n[t]\n"},
    {"end of a table, with its comments",
     "[t]\na = 1\n#b = 2\n\n# of u\n[u]\nc = 3\n",
     {"t", "d"},
     true,
     "[t]\na = 1\n#b = 2\nd = true\n\n# of u\n[u]\nc = 3\n"},
    {"comments right above the next header",
     "[t]\na = 1\n# of u\n[u]\n",
     {"t", "d"},
     true,
     "[t]\na = 1\nd = true\n# of u\n[u]\n"},
    {"table without keys", "[t]\n\n[u]\n", {"t", "a"}, true, "[t]\na = true\n\n[u]\n"},
    {"indentation",
     "[t]\n  [t.u]\n    a = 1\n",
     {"t", "u", "b"},
     true,
     "[t]\n  [t.u]\n    a = 1\n    b = true\n"},
    {"new table", "a = 1\n", {"t", "u", "b"}, true, "a = 1\n\n[t.u]\nb = true\n"},
    {"new table behind a blank line", "a = 1\n\n", {"t", "b"}, true, "a = 1\n\n[t]\nb = true\n"},
    {"new table below one",
     "[t]\na = 1\n\n[v]\n",
     {"t", "u", "b"},
     true,
     "[t]\na = 1\n\n[v]\n\n[t.u]\nb = true\n"},
    {"table that is only on the way",
     "[t.u]\na = 1\n",
     {"t", "b"},
     true,
     "[t.u]\na = 1\n\n[t]\nb = true\n"},
    {"quoted keys",
     "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nx = 1\n",
     {"plugins", "io.containerd.grpc.v1.cri", "containerd", "default_runtime_name"},
     std::string("nvidia"),
     "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nx = 1\ndefault_runtime_name = "
     "\"nvidia\"\n"},
    {"literal keys", "['a.b']\n'c' = 1\n", {"a.b", "c"}, true, "['a.b']\n'c' = true\n"},
    {"dotted", "a.b.c = 1\n", {"a", "b", "c"}, true, "a.b.c = true\n"},
    {"beside dotted",
     "[t]\na.b = 1\nz = 2\n",
     {"t", "a", "c"},
     true,
     "[t]\na.b = 1\na.c = true\nz = 2\n"},
    {"table below dotted", "a.b = 1\n", {"a", "c", "d"}, true, "a.b = 1\n\n[a.c]\nd = true\n"},
    {"in an inline table",
     "t = { a = 1, b = {c = 2} } # x\n",
     {"t", "b", "c"},
     true,
     "t = { a = 1, b = {c = true} } # x\n"},
    {"new in an inline table", "t = { a = 1 }\n", {"t", "b"}, true, "t = { a = 1, b = true }\n"},
    {"new in an empty one", "t = {}\n", {"t", "b", "c"}, true, "t = { b.c = true }\n"},
    {"beside dotted in one",
     "t = {a.b = 1}\n",
     {"t", "a", "c"},
     true,
     "t = {a.b = 1, a.c = true}\n"},
    {"key that is an element's too",
     "[[t.l]]\na = 1\n[t.u]\na = 2\n",
     {"t", "u", "a"},
     true,
     "[[t.l]]\na = 1\n[t.u]\na = true\n"},
    {"in the place of its comment",
     "[t]\n#a = 1\nb = 2\n",
     {"t", "a"},
     true,
     "[t]\na = true\nb = 2\n",
     NewKey::at_comment},
    {"with blanks, CRLF",
     "[t]\r\n  # a =1\r\nb = 2\r\n",
     {"t", "a"},
     true,
     "[t]\r\n  a = true\r\nb = 2\r\n",
     NewKey::at_comment},
    {"not of another table",
     "[t]\nb = 2\n\n[u]\n#a = 1\n",
     {"t", "a"},
     true,
     "[t]\nb = 2\na = true\n\n[u]\n#a = 1\n",
     NewKey::at_comment},
    {"not of a longer key",
     "#ab = 1\n#a.b = 1\nc = 1\n",
     {"a"},
     true,
     "#ab = 1\n#a.b = 1\nc = 1\na = true\n",
     NewKey::at_comment},
    {"not in a string",
     "s = '''\n#a = 1\n'''\n",
     {"a"},
     true,
     "s = '''\n#a = 1\n'''\na = true\n",
     NewKey::at_comment},
};

TEST(TomlEdit, SetsAndKeepsTheRest) {
  for (const SetCase& row : set_cases) {
    SCOPED_TRACE(row.what);
    TomlDocument edited = document(row.before);
    const auto done = edited.set(row.path, row.value, row.where);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(edited.text(), row.after);
    EXPECT_EQ(edited.root(), document(row.after).root());
    const auto checked = edited.checked_text();
    EXPECT_TRUE(checked) << checked.error().message();
  }
}

struct RefusedCase {
  std::string_view before;
  TomlPath path;
  std::string_view message;
};

const RefusedCase refused_cases[] = {
    {"\na = 1\n", {"a", "b"}, "line 2: a is an integer, not a table"},
    {"[t.u]\n", {"t"}, "line 1: t is a table, not a value"},
    {"t = {}\n", {"t"}, "line 1: t is a table, not a value"},
    {"[[t]]\na = 1\n", {"t", "a"}, "line 1: t is a list, not a table"},
    {"[[t]]\na = 1\n", {"t"}, "line 1: t is a list, not a value"},
    {"a = 1\n", {}, "a key without a name cannot be set"},
    {"", {"a", "\xff"}, "set a.\"\xff\": line 2, column 2: not UTF-8"},
};

TEST(TomlEdit, RefusesAndStays) {
  for (const RefusedCase& row : refused_cases) {
    SCOPED_TRACE(row.message);
    TomlDocument edited = document(row.before);
    const auto done = edited.set(row.path, true);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message(), row.message);
    EXPECT_EQ(edited.text(), row.before);
  }
}

TEST(TomlEdit, RefusesWhatTheReaderRefuses) {
  const auto parsed = TomlDocument::parse("a = 1\nb = oops\n");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message(), "line 2, column 5: not a value: \"oops\"");
}

struct RemoveCase {
  std::string_view what;
  std::string_view before;
  TomlPath path;
  std::string_view after;
};

const RemoveCase remove_cases[] = {
    {"key", "a = 1 # x\n# of b\nb = 2\nc = 3\n", {"b"}, "a = 1 # x\n# of b\nc = 3\n"},
    {"nothing there", "a = 1\n", {"b", "c"}, "a = 1\n"},
    {"value over lines", "a = [\n1,\n]\nb = 2\n", {"a"}, "b = 2\n"},
    {"table", "[t]\na = 1\n\n[u]\nb = 2\n", {"t"}, "[u]\nb = 2\n"},
    {"last table", "[t]\na = 1\n\n[u]\nb = 2\n", {"u"}, "[t]\na = 1\n"},
    {"only table", "[t]\na = 1\n", {"t"}, ""},
    {"table without newline", "a = 1\n[t]\nb = 2", {"t"}, "a = 1\n"},
    {"with subtables, wherever they are",
     "[t.v]\na = 1\n\n[u]\nb = 2\n\n[t]\nc = 3\n\n[w]\n",
     {"t"},
     "[u]\nb = 2\n\n[w]\n"},
    {"comments of others stay",
     "[t]\na = 1\n#b = 2\n\n# free\n\n# of u\n[u]\n",
     {"t"},
     "# free\n\n# of u\n[u]\n"},
    {"comment above stays", "# of t\n[t]\na = 1\n", {"t"}, "# of t\n"},
    {"array of tables", "[[t]]\na = 1\n[t.u]\n[[t]]\n[v]\n", {"t"}, "[v]\n"},
    {"dotted", "[t]\na.b = 1\nc = 2\na.d = 3\n", {"t", "a"}, "[t]\nc = 2\n"},
    {"dotted above a header", "a.b = 1\n[a.c]\nd = 2\n[e]\n", {"a"}, "[e]\n"},
    {"first of an inline table", "t = { a = 1, b = 2 }\n", {"t", "a"}, "t = { b = 2 }\n"},
    {"last of one", "t = { a = 1, b = {c = 2} }\n", {"t", "b"}, "t = { a = 1 }\n"},
    {"only one", "t = {a = 1}\n", {"t", "a"}, "t = {}\n"},
    {"dotted in one", "t = {a.b = 1, c = 2, a.d = 3}\n", {"t", "a"}, "t = {c = 2}\n"},
    {"CRLF", "[t]\r\na = 1\r\n\r\n[u]\r\n", {"t"}, "[u]\r\n"},
    {"behind a byte order mark",
     "\xef\xbb\xbf"
     "a = 1\nb = 2\n",
     {"a"},
     "\xef\xbb\xbf"
     "b = 2\n"},
    {"everything is not meant", "a = 1\n", {}, "a = 1\n"},
};

TEST(TomlEdit, RemovesAndKeepsTheRest) {
  for (const RemoveCase& row : remove_cases) {
    SCOPED_TRACE(row.what);
    TomlDocument edited = document(row.before);
    const auto done = edited.remove(row.path);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(edited.text(), row.after);
    EXPECT_EQ(edited.get(row.path) != nullptr, row.path.empty());
    const auto checked = edited.checked_text();
    EXPECT_TRUE(checked) << checked.error().message();
  }
}

TEST(TomlEdit, Looks) {
  const TomlDocument there = document("a = 1\n[t.\"u.v\"]\nx = {}\n[[t.l]]\n[t.w]\n");
  const TomlPath t = {"t"};
  EXPECT_EQ(there.tables_below(t), (List{"u.v", "w"}));
  EXPECT_EQ(there.tables_below({}), List{"t"});
  const TomlPath path = {"t", "u.v", "x"};
  ASSERT_NE(there.get(path), nullptr);
  EXPECT_EQ(there.get(path)->type_name(), "a table");
  const TomlPath leaf = {"a", "b"};
  EXPECT_EQ(there.get(leaf), nullptr);
  EXPECT_TRUE(there.tables_below(leaf).empty());
  EXPECT_EQ(toml_path_text(path), "t.\"u.v\".x");
}

// Every kind of statement at once.
constexpr std::string_view rich =
    "# head\n\ntitle = 'x' # t\nlist = [\n  1, # one\n  2,\n]\npoint.x = 1\npoint.y = 2\n\n"
    "[owner]\nname = \"\"\"\n#name = 1\n[owner]\n\"\"\"\n#debug = 1\ninline = { a = 1, b.c = [ {d "
    "= 1} ] }\n\n"
    "# of deep\n[owner.deep.\"er.est\"]\n  date = 1979-05-27 07:32:00\n\n[[items]]\nname = 1\n"
    "[items.sub]\nx = 1\n[[items]]\nname = 2\n\n[last]\nflag = false";

// Paths of all tables and values that have a path, with their values.
using Leaves = std::vector<std::pair<TomlPath, Toml>>;

void collect(const Toml& table, TomlPath& path, Leaves& out) {
  for (const auto& [key, value] : std::get<Toml::Table>(table.value)) {
    path.push_back(key);
    out.emplace_back(path, value);
    if (std::holds_alternative<Toml::Table>(value.value)) collect(value, path, out);
    path.pop_back();
  }
}

Toml without_lines(Toml toml) {
  toml.line = 0;
  if (auto* table = std::get_if<Toml::Table>(&toml.value)) {
    for (auto& [key, value] : *table) value = without_lines(std::move(value));
  } else if (auto* list = std::get_if<Toml::Array>(&toml.value)) {
    for (Toml& element : *list) element = without_lines(std::move(element));
  }
  return toml;
}

bool starts_with(const TomlPath& path, const TomlPath& beginning) {
  return path.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), path.begin());
}

// Every value of `before` that is not a table and not at or below `but` is the same in `after`.
void expect_others_same(const Leaves& before, const TomlDocument& after, const TomlPath& but) {
  for (const auto& [path, value] : before) {
    if (starts_with(path, but) || std::holds_alternative<Toml::Table>(value.value)) continue;
    const Toml* there = after.get(path);
    ASSERT_NE(there, nullptr) << toml_path_text(path);
    EXPECT_EQ(without_lines(*there), without_lines(value)) << toml_path_text(path);
  }
}

Leaves leaves_of(const TomlDocument& whole) {
  Leaves out;
  TomlPath path;
  collect(whole.root(), path, out);
  return out;
}

// Sets the value at the path, or a new key in the table there, and then removes what is there.
void expect_changes(const TomlDocument& whole, const Leaves& before, const TomlPath& path) {
  SCOPED_TRACE(toml_path_text(path));
  TomlPath target = path;
  const bool is_table = std::holds_alternative<Toml::Table>(whole.get(path)->value);
  if (is_table) target.emplace_back("new key");
  const bool is_array_of_tables = path.front() == "items";
  TomlDocument edited = whole;
  EXPECT_EQ(edited.set(target, std::string("new")).has_value(), !is_array_of_tables);
  if (!is_array_of_tables) {
    ASSERT_NE(edited.get(target), nullptr);
    EXPECT_EQ(edited.get(target)->value, Toml::Value("new"));
  }
  expect_others_same(before, edited, target);
  ASSERT_TRUE(edited.remove(path));
  EXPECT_EQ(edited.get(path), nullptr);
  expect_others_same(before, edited, path);
  const auto checked = edited.checked_text();
  EXPECT_TRUE(checked) << checked.error().message();
}

TEST(TomlEdit, EveryKeyCanBeSetAddedAndRemoved) {
  for (const std::string& text : {std::string(rich), cat(rich, "\n")}) {
    const TomlDocument whole = document(text);
    EXPECT_EQ(whole.text(), text);
    const Leaves before = leaves_of(whole);
    ASSERT_GT(before.size(), 15U);
    for (const auto& leaf : before) expect_changes(whole, before, leaf.first);
  }
}

// What is added and removed again leaves no trace.
TEST(TomlEdit, AddingAndRemovingIsNothing) {
  const TomlDocument whole = document(cat(rich, "\n"));
  for (const TomlPath& path : {TomlPath{"new"}, TomlPath{"owner", "new"}, TomlPath{"point", "z"},
                               TomlPath{"owner", "inline", "new"}, TomlPath{"last", "new"}}) {
    SCOPED_TRACE(toml_path_text(path));
    TomlDocument edited = whole;
    ASSERT_TRUE(edited.set(path, true));
    EXPECT_NE(edited.text(), whole.text());
    ASSERT_TRUE(edited.remove(path));
    EXPECT_EQ(edited.text(), whole.text());
  }
  TomlDocument edited = whole;
  ASSERT_TRUE(edited.set({"brand", "new", "key"}, true));
  ASSERT_TRUE(edited.remove({"brand"}));
  EXPECT_EQ(edited.text(), whole.text());
}

// A document with one byte replaced is refused like parse_toml refuses it, or can be changed.
TEST(TomlEdit, DamagedDocuments) {
  constexpr std::string_view bytes = "\n\r#[]{}=.,\"'\\ a0\x01\xff";
  size_t readable = 0;
  for (size_t at = 0; at < rich.size(); ++at) {
    for (const char byte : bytes) {
      std::string text(rich);
      text[at] = byte;
      const auto expected = parse_toml(text);
      auto damaged = TomlDocument::parse(text);
      ASSERT_EQ(damaged.has_value(), expected.has_value()) << text;
      if (!damaged) {
        EXPECT_EQ(damaged.error().message(), expected.error().message());
        continue;
      }
      ++readable;
      EXPECT_EQ(damaged->text(), text);
      const Leaves before = leaves_of(*damaged);
      const TomlPath target = {"owner", "inline", "new"};
      const auto done = damaged->set(target, true, NewKey::at_comment);
      if (!done) {
        EXPECT_EQ(damaged->text(), text);
        continue;
      }
      EXPECT_EQ(damaged->get(target)->value, Toml::Value(true));
      expect_others_same(before, *damaged, target);
    }
  }
  EXPECT_GT(readable, 1000U);
}

}  // namespace
}  // namespace nvbox::data
