#include "data/json_edit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace nvbox::data {
namespace {

using Path = std::vector<std::string_view>;

std::string edited(std::string_view text, const Path& path, const Json& value) {
  auto out = set_json_member(text, path, value);
  return out ? *out : "error: " + out.error().message();
}

TEST(JsonEdit, members_are_added_last_with_the_documents_indentation) {
  EXPECT_EQ(edited("{\n  \"a\": [1,2]\n}\n", {"b", "c"}, true),
            "{\n  \"a\": [1,2],\n  \"b\": {\n    \"c\": true\n  }\n}\n");
  EXPECT_EQ(edited("{\n\t\"a\": {\n\t\t\"x\": 1\n\t}\n}", {"a", "y"}, Json::object({{"z", 2}})),
            "{\n\t\"a\": {\n\t\t\"x\": 1,\n\t\t\"y\": {\n\t\t\t\"z\": 2\n\t\t}\n\t}\n}");
}

TEST(JsonEdit, an_empty_object_is_opened_with_four_spaces) {
  EXPECT_EQ(edited("{}\n", {"a", "b"}, Json::array()),
            "{\n    \"a\": {\n        \"b\": []\n    }\n}\n");
  EXPECT_EQ(edited("{\n \"a\": { }\n}", {"a", "b"}, 1), "{\n \"a\": {\n  \"b\": 1\n }\n}");
}

TEST(JsonEdit, a_document_on_one_line_stays_on_it) {
  EXPECT_EQ(edited(R"({"a": {"b": "}"}, "c": "\"]"})", {"a", "d", "e"}, 1),
            R"({"a": {"b": "}", "d": {"e":1}}, "c": "\"]"})");
}

TEST(JsonEdit, a_value_is_replaced_in_its_place) {
  EXPECT_EQ(edited("{ \"a\" :1e2 ,\"b\":\"x\", \"c\":[{}] }", {"b"}, "y"),
            "{ \"a\" :1e2 ,\"b\":\"y\", \"c\":[{}] }");
  EXPECT_EQ(edited(R"({"a": null})", {"a", "b"}, true), R"({"a": {"b":true}})");
}

TEST(JsonEdit, what_says_the_same_stays_as_it_is_written) {
  constexpr std::string_view text = "{\"a\":\n {\"b\" : [ ] ,\"n\": 18446744073709551616}}";
  EXPECT_EQ(edited(text, {"a", "b"}, Json::array()), text);
}

TEST(JsonEdit, names_with_escapes_and_repeated_names_are_found) {
  EXPECT_EQ(edited(R"({"\u0061": 1})", {"a"}, 2), R"({"\u0061": 2})");
  EXPECT_EQ(edited(R"({"a": 1, "a": 3})", {"a"}, 2), R"({"a": 1, "a": 2})");
}

TEST(JsonEdit, a_byte_order_mark_stays) {
  EXPECT_EQ(edited("\xEF\xBB\xBF{\"a\":1}", {"b"}, 2), "\xEF\xBB\xBF{\"a\":1, \"b\": 2}");
}

// Whatever a document looks like, the edit says the same as one of the parsed document.
TEST(JsonEdit, agrees_with_an_edit_of_the_parsed_document) {
  const Json value = {{"args", Json::array()}, {"path", "\"}\\"}};
  const Path paths[] = {{"a"}, {"new"}, {"o", "x"}, {"o", "new"}, {"o", "p", "q"}, {"n", "m", "k"}};
  for (const std::string_view source :
       {R"({})", R"({"o":{}})", R"({"o":{"p":{"q":{"r":[{}]}}},"z":"]}"})",
        R"({"a":{"b":"\\\""},"o":{"x":{},"y":[1,{"x":2}]},"n":null})",
        R"({"s":"{\"o\":{","o":{"p":{},"x":{"path":"p"}},"t":[[],[{}]],"u":-1.5e3,"v":false})"}) {
    const Json document = Json::parse(source);
    for (const std::string& text : {document.dump(), document.dump(2), document.dump(1, '\t'),
                                    "\n " + document.dump(4) + "\n\n"}) {
      for (const Path& path : paths) {
        Json expected = document;
        Json* node = &expected;
        for (const std::string_view name : path) node = &(*node)[std::string(name)];
        *node = value;
        EXPECT_EQ(Json::parse(edited(text, path, value)), expected) << text;
      }
    }
  }
}

TEST(JsonEdit, errors_name_the_line) {
  EXPECT_EQ(edited("{\n\"a\": []}", {"a", "b"}, 1),
            "error: line 2: \"a\" is of type array, not an object");
  EXPECT_EQ(edited("{\n\n\"a\": \"x\"}", {"a"}, true),
            "error: line 3: \"a\" is of type string, not of type boolean");
  EXPECT_EQ(edited("[]", {"a"}, true),
            "error: line 1: the document is of type array, not an object");
  EXPECT_TRUE(
      edited("{\n\"a\" 1}", {"a"}, 1).starts_with("error: invalid JSON at line 2, column 5"));
  EXPECT_TRUE(edited("{}", {"a"}, "\xff").starts_with("error: not UTF-8: "));
}

}  // namespace
}  // namespace nvbox::data
