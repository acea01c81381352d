#include "data/yaml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace nvbox::data {
namespace {

// The value as JSON, or the error.
std::string read(std::string_view text, const YamlLimits& limits = {}) {
  const Result<Json> document = parse_yaml(text, limits);
  return document ? document->dump() : document.error().message();
}

std::string written(std::string_view json) {
  const Result<std::string> dumped = dump_yaml(*parse_json(json));
  return dumped ? *dumped : dumped.error().message();
}

struct Sample {
  std::string_view text;
  std::string_view expected;
};

TEST(ParseYaml, reads_blocks_flows_and_json) {
  constexpr Sample samples[] = {
      {"", "null"},
      {"---\n", "null"},
      {"# nothing\n", "null"},
      {"z: 1\na:\n  - b\n  - - c\n    - d\n  - e: f\n    g: h\n",
       R"({"z":1,"a":["b",["c","d"],{"e":"f","g":"h"}]})"},
      {"{a: [1, {b: c}], d: }", R"({"a":[1,{"b":"c"}],"d":null})"},
      {"{\n\t\"a\": [true, null, \"x\\/\\u00e9\\n\"]}", R"({"a":[true,null,"x/é\n"]})"},
      {"a: |-\n  one\n   two\nb: >\n  three\n  four\n", R"({"a":"one\n two","b":"three four\n"})"},
      {"\xef\xbb\xbf"
       "a: b",
       R"({"a":"b"})"},
      {"%YAML 1.2\n---\na: b\n...\n", R"({"a":"b"})"},
      {"1: a\n~: b\n", R"({"1":"a","~":"b"})"},
  };
  for (const Sample& sample : samples) EXPECT_EQ(read(sample.text), sample.expected) << sample.text;
}

TEST(ParseYaml, takes_plain_scalars_for_what_go_takes_them_for) {
  constexpr Sample samples[] = {
      {"~", "null"},
      {"Null", "null"},
      {"nULL", R"("nULL")"},
      {"true", "true"},
      {"FALSE", "false"},
      {"yes", R"("yes")"},
      {"on", R"("on")"},
      {"0", "0"},
      {"-0", "0"},
      {"+12", "12"},
      {"0644", "420"},
      {"0o644", "420"},
      {"-0x1F", "-31"},
      {"0b101", "5"},
      {"1_000", "1000"},
      {"08", "8.0"},
      {"0x", R"("0x")"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "1.8446744073709552e+19"},
      {"1.5", "1.5"},
      {".5", "0.5"},
      {"-1.e3", "-1000.0"},
      {"1e999", R"("1e999")"},
      {"1.1.0", R"("1.1.0")"},
      {".", R"(".")"},
      {"-", "[null]"},
      {"+", R"("+")"},
      {"12:30", R"("12:30")"},
      {"2001-12-14", R"("2001-12-14")"},
      {"'0'", R"("0")"},
      {"\"true\"", R"("true")"},
      {"!!str 12", R"("12")"},
      {"! '12'", R"("12")"},
  };
  for (const Sample& sample : samples) {
    EXPECT_EQ(read(sample.text), sample.expected) << sample.text;
  }
  EXPECT_TRUE(std::isnan(parse_yaml(".nan")->get<double>()));
  EXPECT_EQ(parse_yaml("-.inf")->get<double>(), -std::numeric_limits<double>::infinity());
}

TEST(ParseYaml, puts_what_an_alias_stands_for_in_its_place) {
  EXPECT_EQ(read("a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n"), R"({"a":[1,2],"b":[1,2],"c":3,"d":3})");
}

TEST(ParseYaml, merges_mappings_without_overriding_members) {
  EXPECT_EQ(read("base: &base {a: 1, b: 2}\n"
                 "more: &more {b: 3, c: 4}\n"
                 "one:\n  <<: *base\n  a: 0\n"
                 "two:\n  <<: [*base, *more]\n"
                 "text: {'<<': 1}\n"),
            R"({"base":{"a":1,"b":2},"more":{"b":3,"c":4},"one":{"a":0,"b":2},)"
            R"("two":{"a":1,"b":2,"c":4},"text":{"<<":1}})");
}

TEST(ParseYaml, names_the_position_of_what_is_wrong) {
  constexpr Sample samples[] = {
      {"a: 1\nb: 2\na: 3\n", "line 3, column 1: duplicate key \"a\""},
      {"{\"a\": 1,\n \"a\": 2}", "line 2, column 2: duplicate key \"a\""},
      {"? [a]\n: b", "line 1, column 3: a key must be a scalar"},
      {"a: *x", "line 1, column 4: unknown anchor \"x\""},
      {"a: &x [1, *x]", "line 1, column 11: anchor \"x\" contains itself"},
      {"&x {a: {b: *x}}", "line 1, column 12: anchor \"x\" contains itself"},
      {"a: !!binary aGk=",
       "line 1, column 4: the tag \"tag:yaml.org,2002:binary\" is not supported"},
      {"a: 1\n---\nb: 2\n", "line 2, column 1: a second document"},
      {"<<: 1", "line 1, column 5: \"<<\" must merge a mapping or a list of mappings"},
      {"<<: [{}, 1]", "line 1, column 5: \"<<\" must merge a mapping or a list of mappings"},
      {"a: [1\nb: 2",
       "line 2, column 2: did not find expected ',' or ']' while parsing a flow "
       "sequence"},
      {"a:\n\t- b\n",
       "line 2, column 1: found character that cannot start any token while scanning for the next "
       "token"},
      {"a: \"\xff\"\n", "line 1, column 5: invalid leading UTF-8 octet"},
      {"a: b\nc: \x01\n", "line 2, column 4: control characters are not allowed"},
      {"{\"a\": \"\\ud83d\\ude00\"}",
       "line 1, column 10: found invalid Unicode character escape code while parsing a quoted "
       "scalar"},
  };
  for (const Sample& sample : samples) EXPECT_EQ(read(sample.text), sample.expected) << sample.text;
}

TEST(ParseYaml, refuses_documents_beyond_the_limits) {
  EXPECT_EQ(read("[1, 2]", {.bytes = 5}), "YAML document of 6 bytes is over the limit of 5");
  EXPECT_EQ(read("[[1]]", {.depth = 2}), "[[1]]");
  EXPECT_EQ(read("[[[]]]", {.depth = 2}), "line 1, column 3: nests more than 2 levels deep");
  EXPECT_EQ(read("[&a [1], [*a]]", {.depth = 2}),
            "line 1, column 11: nests more than 2 levels deep");
  EXPECT_EQ(read("[1, 2]", {.nodes = 3}), "[1,2]");
  EXPECT_EQ(read("[1, 2, 3]", {.nodes = 3}),
            "line 1, column 8: more than 3 nodes, aliases expanded");
}

TEST(ParseYaml, aliases_that_multiply_are_an_error_and_not_a_full_memory) {
  std::string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 20; ++i) {
    laughs += cat("a", i, ": &a", i, " [");
    for (int copy = 0; copy < 9; ++copy) laughs += cat("*a", i - 1, ", ");
    laughs += "]\n";
  }
  EXPECT_TRUE(read(laughs).ends_with(": more than 1048576 nodes, aliases expanded"))
      << read(laughs);
  std::string long_text = cat("- &a ", std::string(1'000'000, 'x'), "\n");
  for (int i = 0; i < 10'000; ++i) long_text += "- *a\n";
  EXPECT_TRUE(read(long_text).ends_with(": more than 1048576 nodes, aliases expanded"));
}

TEST(ParseYaml, half_a_million_brackets_are_an_error_and_not_a_crash) {
  EXPECT_FALSE(parse_yaml(std::string(500'000, '[')));
  EXPECT_FALSE(parse_yaml(std::string(500'000, '{')));
  EXPECT_FALSE(parse_yaml(cat(std::string(500'000, '-'), " a")).value().is_array());
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += "- ";
  EXPECT_FALSE(parse_yaml(nested));
}

// The layout of a specification that NVIDIA's toolkit writes.
constexpr std::string_view specification = R"yaml(---
cdiVersion: 0.5.0
kind: example.com/gpu
devices:
    - name: "0"
      containerEdits:
        deviceNodes:
            - path: /dev/gpu0
              major: 195
              fileMode: 438
              permissions: rwm
        hooks:
            - hookName: createContainer
              path: /usr/bin/hook
              args:
                - hook
                - create-symlinks
                - --link
                - ../card0::/dev/dri/by-path/pci-0000:3b:00.0-card
    - name: "0:1"
      containerEdits:
        env:
            - A=B
containerEdits:
    mounts: []
)yaml";

TEST(DumpYaml, writes_what_was_read_from_the_peer) {
  EXPECT_EQ(*dump_yaml(*parse_yaml(specification)), specification);
}

TEST(DumpYaml, puts_quotes_around_what_a_reader_could_misunderstand) {
  constexpr Sample samples[] = {
      {R"("plain text")", "plain text"},
      {R"("")", R"("")"},
      {R"("null")", R"("null")"},
      {R"("~")", R"("~")"},
      {R"("true")", R"("true")"},
      {R"("yes")", R"("yes")"},
      {R"("N")", R"("N")"},
      {R"("755")", R"("755")"},
      {R"("0x1f")", R"("0x1f")"},
      {R"("1_0")", R"("1_0")"},
      {R"("1.5")", R"("1.5")"},
      {R"("1e3")", R"("1e3")"},
      {R"(".inf")", R"(".inf")"},
      {R"("0:1")", R"("0:1")"},
      {R"("0:1:x")", "0:1:x"},
      {R"("0000:00:02.0")", R"("0000:00:02.0")"},
      {R"("2001-01-01")", R"("2001-01-01")"},
      {R"("2001-1-1T1:2:3Z")", R"("2001-1-1T1:2:3Z")"},
      {R"("2001-1-1 1:2:3.5")", R"("2001-1-1 1:2:3.5")"},
      {R"("2001-1-1 noon")", "2001-1-1 noon"},
      {R"("<<")", R"("<<")"},
      {R"("1.1.0")", "1.1.0"},
      {R"("--link")", "--link"},
      {R"("- x")", "'- x'"},
      {R"("-")", "'-'"},
      {R"("---")", "'---'"},
      {R"("...")", "'...'"},
      {R"("?x")", "?x"},
      {R"("a: b")", "'a: b'"},
      {R"("a:b")", "a:b"},
      {R"("a:")", "'a:'"},
      {R"("a #b")", "'a #b'"},
      {R"("a#b")", "a#b"},
      {R"("*a")", "'*a'"},
      {R"("[a")", "'[a'"},
      {R"("a[")", "a["},
      {R"("@a'b")", "'@a''b'"},
      {R"(" a")", "' a'"},
      {R"("a ")", "'a '"},
      {R"("it's")", "it's"},
      {R"("a\tb")", R"("a\tb")"},
      {R"("a\"\\\u0000\u001b\u0080\u00a0é\ufeff\u2028😀")", R"("a\"\\\0\e\x80)"
                                                           "\xc2\xa0"
                                                           R"(é\uFEFF\L\U0001F600")"},
      {"3", "3"},
      {"-1.5", "-1.5"},
      {"true", "true"},
      {"null", "null"},
      {"[]", "[]"},
      {"{}", "{}"},
      {R"([[1,[]],{"a":{}},[[{"b":1}]]])", "- - 1\n  - []\n- a: {}\n- - - b: 1"},
      {R"({"a b":"c","":1,"no":2,"d\ne":3})", "a b: c\n\"\": 1\n\"no\": 2\n\"d\\ne\": 3"},
  };
  for (const Sample& sample : samples) {
    EXPECT_EQ(written(sample.text), cat("---\n", sample.expected, "\n")) << sample.text;
    EXPECT_EQ(read(written(sample.text)), parse_json(sample.text)->dump());
  }
}

TEST(DumpYaml, writes_several_lines_as_a_block) {
  constexpr Sample samples[] = {
      {R"({"a":"x\n\ty","b":1})", "a: |-\n    x\n    \ty\nb: 1"},
      {R"({"a":"x\n","b":1})", "a: |\n    x\nb: 1"},
      {R"({"a":"x\n\n","b":1})", "a: |+\n    x\n\nb: 1"},
      {R"([{"a":["x\n\n y"]}])", "- a:\n    - |-\n      x\n\n       y"},
      {R"({"a":"\nx"})", R"(a: "\nx")"},
      {R"({"a":"x \ny"})", R"(a: "x \ny")"},
      {R"({"a":"x\r\ny"})", R"(a: "x\r\ny")"},
  };
  for (const Sample& sample : samples) {
    EXPECT_EQ(written(sample.text), cat("---\n", sample.expected, "\n")) << sample.text;
    EXPECT_EQ(read(written(sample.text)), sample.text);
  }
}

TEST(DumpYaml, a_long_key_can_be_read_again) {
  const std::string json = cat(R"({")", std::string(2000, 'k'), R"(":{"a":[1]}})");
  EXPECT_EQ(read(written(json)), json);
}

TEST(DumpYaml, refuses_text_that_is_not_utf_8) {
  EXPECT_EQ(dump_yaml(Json("\xff")).error().message(), "write YAML: not UTF-8: \"\xff\"");
}

TEST(ParseYaml, no_damaged_byte_is_fatal) {
  const std::string whole(specification);
  for (size_t offset = 0; offset < whole.size(); ++offset) {
    for (const char damage : {'\xff', '\0', '*', '&', ':', '\n', '"', '[', '!', '<', '\t'}) {
      std::string damaged = whole;
      damaged[offset] = damage;
      const Result<Json> document = parse_yaml(damaged);
      if (!document) {
        EXPECT_EQ(document.error().message().find("line "), 0U);
        continue;
      }
      const Result<std::string> dumped = dump_yaml(*document);
      ASSERT_TRUE(dumped);
      EXPECT_EQ(read(*dumped), document->dump()) << damaged;
    }
  }
}

// libyaml asserts that the address of a text is none of null (yaml_parser_set_input_string).
TEST(ParseYaml, no_text_is_an_empty_one) {
  const auto nothing = parse_yaml(std::string_view());
  const auto empty = parse_yaml("");
  ASSERT_EQ(nothing.has_value(), empty.has_value());
  EXPECT_EQ(nothing ? nothing->dump() : nothing.error().message(),
            empty ? empty->dump() : empty.error().message());
}

}  // namespace
}  // namespace nvbox::data
