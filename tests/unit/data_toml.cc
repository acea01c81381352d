#include "data/toml.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "support/toml_trees.h"

namespace nvbox::data {
namespace {

// Both readers' trees are compared as text: tables with sorted keys, without lines, dates as
// "date".
std::string parsed(std::string_view document) {
  const Result<Toml> toml = parse_toml(document);
  return toml ? test::tree_text(*toml) : "invalid";
}

// "invalid" when toml11 refuses the document.
std::string oracle(std::string_view document) {
  return test::toml11_tree(document).value_or("invalid");
}

// Where toml11 3.7.1 reads TOML 1.0 differently (Python's tomllib reads it as we do), `toml11` says
// what it makes of the document.
struct Sample {
  std::string_view document;
  std::string_view expected;
  std::string_view toml11 = {};
};

void expect_all(std::span<const Sample> samples) {
  for (const Sample& sample : samples) {
    EXPECT_EQ(parsed(sample.document), sample.expected) << sample.document;
    EXPECT_EQ(oracle(sample.document), sample.toml11.empty() ? sample.expected : sample.toml11)
        << sample.document;
  }
}

TEST(Toml, keys) {
  constexpr Sample samples[] = {
      {"", "{}"},
      {"a = 1", R"({"a":1})"},
      {"a=1\r\nb=2\r\n", R"({"a":1,"b":2})"},
      {"\n\t # comment \xc3\xa9 \n\n  a\t=\t1 # two\n#", R"({"a":1})"},
      {"1234 = 1\n-_ = 2", R"({"-_":2,"1234":1})"},
      {"\"a b\" = 1\n'c.\\d' = 2\n\"\" = 3", R"({"":3,"a b":1,"c.\\d":2})"},
      {"a.b . \"c.d\" = 1\na.e = 2", R"({"a":{"b":{"c.d":1},"e":2}})"},
      {"3.14 = 1", R"({"3":{"14":1}})"},
      {"\"\\u00e9\" = 1", "{\"\xc3\xa9\":1}"},
      {"a", "invalid"},
      {"a =", "invalid"},
      {"= 1", "invalid"},
      {"a. = 1", "invalid"},
      {".a = 1", "invalid"},
      {"a..b = 1", "invalid"},
      {"a b = 1", "invalid"},
      {"\xc3\xa9 = 1", "invalid"},
      {"a = 1 b = 2", "invalid"},
      {"a = 1\rb = 2", "invalid"},
      {"\"\"\"a\"\"\" = 1", "invalid"},
      {"\"a\nb\" = 1", "invalid"},
      {"a = 1\na = 2", "invalid"},
      {"a = 1\n\"a\" = 2", "invalid"},
      {"a = 1\na.b = 2", "invalid"},
      {"a.b = 1\na = 2", "invalid"},
  };
  expect_all(samples);
}

TEST(Toml, strings) {
  constexpr Sample samples[] = {
      {R"(a = "x \" \\ \t \u00e9 \U0001F600 #")",
       "{\"a\":\"x \\\" \\\\ \\x09 \xc3\xa9 \xf0\x9f\x98\x80 #\"}"},
      {"a = \"\\b\\n\\f\\r\"", R"({"a":"\x08\x0a\x0c\x0d"})"},
      {R"(a = 'x \n "')", R"({"a":"x \\n \""})"},
      {"a = \"\"", R"({"a":""})"},
      {"a = \"tab\there\"", R"({"a":"tab\x09here"})"},
      {"a = \"\"\"\nx\ny\"\"\"", R"({"a":"x\x0ay"})"},
      {"a = \"\"\"x \\\n   \n  y \\ \n z\"\"\"", R"({"a":"x y z"})"},
      {R"(a = """""")", R"({"a":""})"},
      {R"(a = """x"y""z""""")", R"({"a":"x\"y\"\"z\"\""})"},
      {"a = '''\nx\\\ny'''", R"({"a":"x\\\x0ay"})"},
      {"a = '''x''y'''''", R"({"a":"x''y''"})"},
      {"a = \"x", "invalid"},
      {"a = \"x\ny\"", "invalid"},
      {"a = 'x\ny'", "invalid"},
      {"a = \"x\\\ny\"", "invalid"},
      {"a = \"\\x\"", "invalid"},
      {"a = \"\\u12\"", "invalid"},
      {"a = \"\\ud800\"", "invalid"},
      {"a = \"\\U00110000\"", "invalid"},
      {"a = \"\"\"x\"\"", "invalid"},
      {"a = \"\"\"x \\ y\"\"\"", "invalid"},
      {"a = \"\"\"x\"\"\"\"\"\"", "invalid"},
      {"a = \"\x01\"", "invalid"},
      {"a = '\x7f'", "invalid"},
      {"a = \"\xff\"", "invalid"},
      {"a = 1 # \x01", "invalid"},
      {"a = \"\xed\xa0\x80\"", "invalid"},
      {"a = \"\xc0\x80\"", "invalid"},
  };
  expect_all(samples);
}

TEST(Toml, numbers_and_booleans) {
  constexpr Sample samples[] = {
      {"a = [0, +1, -2, 1_000, 0xDEAD_beef, 0o17, 0b1_0]",
       R"({"a":[0,1,-2,1000,3735928559,15,2]})"},
      {"a = [9223372036854775807, -9223372036854775808]",
       R"({"a":[9223372036854775807,-9223372036854775808]})"},
      {"a = [1.5, -0.25, 1e3, 1E-2, 6.5e+1, 1_0.0_1, +0.0]",
       R"({"a":[1.5f,-0.25f,1000f,0.01f,65f,10.01f,0f]})"},
      {"a = [inf, -inf, +inf, nan, -nan]", R"({"a":[inff,-inff,inff,nan,nan]})"},
      {"a = [true, false]", R"({"a":[true,false]})"},
      {"a = 01", "invalid"},
      {"a = +0x1", "invalid"},
      {"a = 0X1", "invalid"},
      {"a = 0x", "invalid"},
      {"a = 0b2", "invalid"},
      {"a = 1__0", "invalid"},
      {"a = _1", "invalid"},
      {"a = 1_", "invalid"},
      {"a = 0x_1", "invalid"},
      {"a = 9223372036854775808", "invalid", R"({"a":9223372036854775807})"},
      {"a = 1.", "invalid"},
      {"a = .5", "invalid"},
      {"a = 1.e5", "invalid"},
      {"a = 01.5", "invalid"},
      {"a = 1e", "invalid"},
      {"a = 1_.5", "invalid"},
      {"a = True", "invalid"},
      {"a = infinity", "invalid"},
      {"a = word", "invalid"},
      {"a = 1 2", "invalid"},
  };
  expect_all(samples);
}

TEST(Toml, dates) {
  constexpr Sample samples[] = {
      {"a = 1979-05-27T07:32:00Z", R"({"a":date})"},
      {"a = 1979-05-27 07:32:00.999-07:00 # x", R"({"a":date})"},
      {"a = 1979-05-27t07:32:00", R"({"a":date})"},
      {"a = 1979-05-27", R"({"a":date})"},
      {"a = [1979-05-27 ,07:32:00.5]", R"({"a":[date,date]})"},
      {"a = 2024-02-29", R"({"a":date})"},
      {"a = 2023-02-29", "invalid"},
      {"a = 1979-13-01", "invalid"},
      {"a = 1979-05-27T", "invalid"},
      {"a = 1979-05-27T07:32", "invalid"},
      {"a = 24:00:00", "invalid"},
      {"a = 07:32", "invalid"},
      {"a = 07:32:00.", "invalid"},
      {"a = 1979-05-27T07:32:00+25:00", "invalid"},
      {"a = 1979-5-27", "invalid"},
  };
  expect_all(samples);
}

TEST(Toml, arrays_and_inline_tables) {
  constexpr Sample samples[] = {
      {"a = []", R"({"a":[]})"},
      {"a = [ 1,\n# one\n 2 , # two\n\n]", R"({"a":[1,2]})"},
      {"a = [[1], ['x'], {b = 1}]", R"({"a":[[1],["x"],{"b":1}]})"},
      {"a = {}", R"({"a":{}})"},
      {"a = { b.c = 1, b.d = [\n2], e = {f = 3} }", R"({"a":{"b":{"c":1,"d":[2]},"e":{"f":3}}})"},
      {"a = [1", "invalid"},
      {"a = [1 2]", "invalid"},
      {"a = [,]", "invalid"},
      {"a = [1,,2]", "invalid"},
      {"a = {b = 1", "invalid"},
      {"a = {b = 1,}", "invalid"},
      {"a = {b = 1\n}", "invalid"},
      {"a = {b}", "invalid"},
      {"a = {b = 1, b = 2}", "invalid"},
      {"a = {b.c = 1, b = 2}", "invalid"},
      {"a = {b = {c = 1}, b.d = 2}", "invalid"},
      {"a = {b = 1} c = 2", "invalid"},
      {"a = {}\na.b = 1", "invalid"},
  };
  expect_all(samples);
}

TEST(Toml, tables) {
  constexpr Sample samples[] = {
      {"[a]\nb = 1\n[ c . 'd.e' ]\nf = 2", R"({"a":{"b":1},"c":{"d.e":{"f":2}}})"},
      {"[a.b]\n[a]\nc = 1", R"({"a":{"b":{},"c":1}})"},
      {"[a.b.c]\nx = 1\n[a]\nb.y = 2", R"({"a":{"b":{"c":{"x":1},"y":2}}})", "invalid"},
      {"a.b = 1\n[a.c]\nd = 2", R"({"a":{"b":1,"c":{"d":2}}})"},
      {"[[a]]\nb = 1\n[[a]]\n[[a]]\nb = 3", R"({"a":[{"b":1},{},{"b":3}]})"},
      {"[[a]]\n[a.b]\nc = 1\n[[a.d]]\n[[a]]\n[a.b]\nc = 2",
       R"({"a":[{"b":{"c":1},"d":[{}]},{"b":{"c":2}}]})"},
      {"[a]\n[a]", "invalid"},
      {"[a.b]\n[a.b]", "invalid"},
      {"a = 1\n[a]", "invalid"},
      {"a = {}\n[a.b]", "invalid"},
      {"a = []\n[[a]]", "invalid"},
      {"[[a]]\n[a]", "invalid"},
      {"[a]\n[[a]]", "invalid"},
      {"[[a.b]]\n[a]\nb = 1", "invalid"},
      {"[a]\nb.c = 1\n[a.b]", "invalid"},
      {"[a.b.c]\nx = 1\n[a]\nb.c.y = 2", "invalid"},
      {"[[a.b]]\n[a]\nb.c = 1", "invalid"},
      {"[]", "invalid"},
      {"[a", "invalid"},
      {"[a]]", "invalid"},
      {"[[a]", "invalid"},
      {"[ [a]]", "invalid"},
      {"[a] b = 1", "invalid"},
      {"[a.]", "invalid"},
      {"[a\n]", "invalid"},
  };
  expect_all(samples);
}

TEST(Toml, a_byte_order_mark_is_skipped) {
  EXPECT_EQ(parsed("\xef\xbb\xbf"
                   "a = 1"),
            R"({"a":1})");
}

TEST(Toml, members_keep_their_order_and_their_lines) {
  const Result<Toml> document =
      parse_toml("b = 1\n\n[c]\na = [\n 2,\n\n 3]\n\nd.e = \"\"\"\n\n\"\"\"\n");
  ASSERT_TRUE(document);
  const Toml c{
      Toml::Table{{"a", {Toml::Array{{std::int64_t{2}, 5}, {std::int64_t{3}, 7}}, 4}},
                  {"d", {Toml::Table{{"e", {std::string("\n"), 9}}}, 9, Toml::Written::dotted}}},
      3, Toml::Written::header};
  EXPECT_EQ(*document,
            (Toml{Toml::Table{{"b", {std::int64_t{1}, 1}}, {"c", c}}, 1, Toml::Written::header}));
}

TEST(Toml, find_gives_a_member) {
  const Result<Toml> document = parse_toml("a.b = 1\nc = 2");
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->find("a")->find("b"), (Toml{std::int64_t{1}, 1}));
  EXPECT_EQ(document->find("b"), nullptr);
  EXPECT_EQ(document->find("c")->find("d"), nullptr);
}

struct ErrorSample {
  std::string_view document;
  std::string_view message;
};

TEST(Toml, errors_name_the_place_on_one_line) {
  constexpr ErrorSample samples[] = {
      {"a = 1\nb c = 2", "line 2, column 3: expected \"=\""},
      {"\n\n  a = word", "line 3, column 7: not a value: \"word\""},
      {"a =", "line 1, column 4: expected a value"},
      {"a = 1 2", "line 1, column 7: expected the end of the line"},
      {"a = \"x\n", "line 1, column 5: the string is not closed on its line"},
      {"a = \"\"\"x\n", "line 1, column 5: the string is not closed"},
      {"a = \"\\x\"", "line 1, column 6: unknown escape sequence"},
      {"a = \"\\ud800\"", "line 1, column 6: not the number of a character"},
      {"a = [1,\n2\n", "line 1, column 5: the list is not closed"},
      {"a = [1\n2]", "line 2, column 1: expected \",\" or \"]\""},
      {"a = {b = 1,}", "line 1, column 12: expected a key"},
      {"a = 007", "line 1, column 5: a number must not start with 0: \"007\""},
      {"a = 9223372036854775808", "line 1, column 5: number out of range: \"9223372036854775808\""},
      {"a = 1\n\n a = 2", "line 3, column 2: \"a\" is defined on line 1 already"},
      {"[a.b]\n[a]\n[a]", "line 3, column 1: \"a\" is defined on line 2 already"},
      {"a = \"\xff\"", "line 1, column 6: not UTF-8"},
      {"# \x01", "line 1, column 3: control character in a comment"},
      {"[a", "line 1, column 3: expected \"]\""},
      {"<<<", "line 1, column 1: expected a key"},
  };
  for (const ErrorSample& sample : samples) {
    const Result<Toml> document = parse_toml(sample.document);
    ASSERT_FALSE(document) << sample.document;
    EXPECT_EQ(document.error().message(), sample.message);
  }
}

TEST(Toml, limits_hold) {
  const TomlLimits limits{.bytes = 64, .depth = 3, .members = 2};
  const auto message = [&](std::string_view document) {
    const Result<Toml> parsed = parse_toml(document, limits);
    return parsed ? "valid" : parsed.error().message();
  };
  EXPECT_EQ(message(std::string(64, '\n')), "valid");
  EXPECT_EQ(message(std::string(65, '\n')), "TOML document of 65 bytes is over the limit of 64");
  EXPECT_EQ(message("a = [[1]]"), "valid");
  EXPECT_EQ(message("a = [[[1]]]"), "line 1, column 8: nests more than 3 levels deep");
  EXPECT_EQ(message("a.b.c = 1"), "valid");
  // The tree would be destroyed in as many calls.
  std::string long_key = "a";
  for (int i = 0; i < 300'000; ++i) long_key += ".a";
  EXPECT_EQ(parse_toml(long_key + " = 1").error().message().substr(0, 14), "line 1, column");
  EXPECT_EQ(message("a.b.c.d = 1"), "line 1, column 11: nests more than 3 levels deep");
  EXPECT_EQ(message("[a.b.c]"), "valid");
  EXPECT_EQ(message("[a.b.c.d]"), "line 1, column 1: nests more than 3 levels deep");
  EXPECT_EQ(message("[a.b]\nc.d = 1"), "line 2, column 7: nests more than 3 levels deep");
  EXPECT_EQ(message("a = 1\nb = 2"), "valid");
  EXPECT_EQ(message("a = 1\nb = 2\nc = 3"), "line 3, column 1: more than 2 keys in one table");
}

}  // namespace
}  // namespace nvbox::data
