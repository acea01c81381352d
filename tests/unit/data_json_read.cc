#include "data/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace nvbox::data {
namespace {

class JsonRead : public testing::Test {
 protected:
  JsonRead()
      : document_(*parse_json(R"({"text": "x", "number": -7, "list": ["a", "b"], "nothing": null,
                                  "linux": {"devices": [{"major": 195}, {"major": "c"}]},
                                  "mixed": ["a", 1]})")),
        root_(document_) {}

  Json document_;
  JsonPlace root_;
};

using Strings = std::vector<std::string>;

TEST_F(JsonRead, members_are_read_as_their_types) {
  EXPECT_EQ(*root_.string("text"), "x");
  EXPECT_EQ(*root_.integer("number"), -7);
  EXPECT_EQ(*root_.strings("list"), (Strings{"a", "b"}));
}

TEST_F(JsonRead, absent_and_null_members_are_nothing) {
  for (const std::string_view name : {"absent", "nothing"}) {
    EXPECT_EQ(*root_.string(name), std::nullopt);
    EXPECT_EQ(*root_.integer(name), std::nullopt);
    EXPECT_EQ(*root_.strings(name), Strings{});
    EXPECT_EQ(root_.elements(name)->size(), 0U);
    EXPECT_EQ(root_.member(name)->has_value(), false);
  }
}

TEST_F(JsonRead, errors_name_the_place) {
  EXPECT_EQ(root_.string("number").error().message(), "number: expected a string, found number");
  EXPECT_EQ(root_.integer("text").error().message(), "text: expected an integer, found string");
  EXPECT_EQ(root_.strings("mixed").error().message(), "mixed[1]: expected a string, found number");
  EXPECT_EQ(root_.strings("text").error().message(), "text: expected an array, found string");
  EXPECT_EQ(root_.string().error().message(), "document: expected a string, found object");
  EXPECT_EQ((*root_.member("text"))->member("x").error().message(),
            "text: expected an object, found string");
  const std::vector<JsonPlace> devices = *(*root_.member("linux"))->elements("devices");
  EXPECT_EQ(*devices[0].integer("major"), 195);
  EXPECT_EQ(devices[1].integer("major").error().message(),
            "linux.devices[1].major: expected an integer, found string");
}

}  // namespace
}  // namespace nvbox::data
