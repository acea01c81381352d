#include "data/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace nvbox::data {
namespace {

std::string round_trip(std::string_view text) {
  const Result<Json> document = parse_json(text);
  if (!document) return document.error().message();
  const Result<std::string> dumped = dump_json(*document);
  return dumped ? *dumped : dumped.error().message();
}

TEST(Json, order_unknown_members_and_large_integers_survive) {
  constexpr std::string_view texts[] = {
      R"({"z":1,"a":{"y":[1,-2,{"b":null}],"x":true},"m":""})",
      R"([9223372036854775807,-9223372036854775808,18446744073709551615])",
      R"({"":[],"a b":{}})",
      "[\"\xc3\xa9\",\"\\u0001\\n\\\"\"]",
      "3",
  };
  for (const std::string_view text : texts) EXPECT_EQ(round_trip(text), text);
}

TEST(Json, what_does_not_survive_is_known) {
  EXPECT_EQ(round_trip("[18446744073709551616]"), "[1.8446744073709552e+19]");
  EXPECT_EQ(round_trip(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
}

// Of many members only hashes of the names are compared.
TEST(Json, of_a_member_that_is_given_again_among_many_the_last_value_counts) {
  std::string text = "{\"first\":0";
  for (int i = 0; i < 100; ++i) text += cat(",\"", i, "\":", i);
  const std::string once = text + "}";
  EXPECT_EQ(round_trip(once), once);
  EXPECT_EQ(round_trip(cat(text, ",\"99\":1,\"first\":2,\"first\":3,\"99\":99}")),
            cat("{\"first\":3", once.substr(std::string_view("{\"first\":0").size())));
}

TEST(Json, a_member_is_made_once_and_leaves_the_others_as_they_are) {
  Json object = *parse_json(R"({"a":{"b":[1]}})");
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(member_of(object, std::to_string(i)).is_null());
    member_of(object, std::to_string(i)) = i;
  }
  EXPECT_EQ(*dump_json(object),
            R"({"a":{"b":[1]},"0":0,"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9})");
}

struct ErrorSample {
  std::string_view text;
  std::string_view place;
};

TEST(Json, errors_begin_with_the_place) {
  constexpr ErrorSample samples[] = {
      {"", "invalid JSON at line 1, column 1: "},
      {"{\n  \"a\": x\n}", "invalid JSON at line 2, column 8: "},
      {"{\"a\": 1,}", "invalid JSON at line 1, column 9: "},
      {"{} {}", "invalid JSON at line 1, column 4: "},
      {"[1, 2", "invalid JSON at line 1, column 6: "},
      {"\"\xff\"", "invalid JSON at line 1, column 2: "},
      {"[1e999]", "invalid JSON at line 1, column 6: "},
  };
  for (const ErrorSample& sample : samples) {
    const Result<Json> document = parse_json(sample.text);
    ASSERT_FALSE(document) << sample.text;
    const std::string message = document.error().message();
    EXPECT_EQ(message.substr(0, sample.place.size()), sample.place);
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

// The rows "invalid UTF-8 is coerced to valid UTF-8" of Go's encoding/json/decode_test.go.
TEST(Json, what_is_not_utf_8_is_replaced_as_go_does_it) {
  struct Row {
    std::string_view text;
    std::string_view value;
  };
  constexpr Row rows[] = {
      {"\"hello\xffworld\"", "hello\uFFFDworld"},
      {"\"hello\xc2\xc2world\"", "hello\uFFFD\uFFFDworld"},
      {"\"hello\xc2\xffworld\"", "hello\uFFFD\uFFFDworld"},
      {"\"hello\xed\xa0\x80\xed\xb0\x80world\"", "hello\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDworld"},
      {"\"h\xc3\xa9\"", "h\u00E9"},
  };
  for (const Row& row : rows) {
    const Result<Json> document = parse_json_like_go(row.text);
    ASSERT_TRUE(document) << document.error().message();
    EXPECT_EQ(document->get<std::string>(), row.value);
  }
  EXPECT_FALSE(parse_json_like_go("\xff"));
  EXPECT_FALSE(parse_json_like_go("{\"a\": \"\xff\", }"));
}

TEST(Json, documents_beyond_the_limits_are_refused) {
  const JsonLimits limits{.bytes = 16, .depth = 2};
  EXPECT_TRUE(parse_json(R"([["]}{[",1]])", limits));
  EXPECT_EQ(parse_json("[[[1]]]", limits).error().message(),
            "JSON document nests more than 2 levels deep");
  EXPECT_TRUE(parse_json("[1234567890,123]", limits));
  EXPECT_EQ(parse_json("[1234567890,1234]", limits).error().message(),
            "JSON document of 17 bytes is over the limit of 16");
}

// A member that is given again is looked for among the others, and so costs what a new one does.
TEST(Json, an_object_has_so_many_members_and_repetitions) {
  const JsonLimits limits{.members = 2};
  EXPECT_TRUE(parse_json(R"({"a": {"b": 1, "c": 2}, "d": 3})", limits));
  for (const std::string_view text :
       {R"({"a": 1, "b": 2, "c": 3})", R"({"a": 1, "b": 2, "b": 3})"}) {
    const Result<Json> refused = parse_json(text, limits);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().message(), "JSON object has more than 2 members");
  }
}

TEST(Json, what_is_not_utf_8_is_not_written) {
  Json document = {{"a", Json::array({"\xff"})}};
  EXPECT_EQ(dump_json(document).error().message(), "write JSON: not UTF-8: \"\xff\"");
  document = {{"\xff", 1}};
  EXPECT_FALSE(dump_json(document, JsonIndentation{2}));
}

TEST(Json, half_a_million_brackets_are_an_error_and_not_a_crash) {
  EXPECT_FALSE(parse_json(std::string(500'000, '[')));
  EXPECT_FALSE(parse_json(cat(std::string(500'000, '['), std::string(500'000, ']'))));
}

}  // namespace
}  // namespace nvbox::data
