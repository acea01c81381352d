#include "data/toml_second_opinion.h"

#include <gtest/gtest.h>

namespace nvbox::data {
namespace {

// What a mistake of the editor could leave. What the documents mean is TOML 1.0's
// (https://toml.io/en/v1.0.0), read by toml++.
struct Mistake {
  std::string_view what;
  std::string_view before;
  std::vector<TomlChange> changes;
  std::string_view after;
  std::string_view error;
};

const Mistake mistakes[] = {
    {"nothing was done", "a = 1\n", {{{"b"}, true}}, "a = 1\n", "b as it should be"},
    {"another value", "", {{{"b"}, std::int64_t{2}}}, "b = 3\n", "b as it should be"},
    {"another type", "", {{{"b"}, std::int64_t{2}}}, "b = \"2\"\n", "b as it should be"},
    {"below another header",
     "[t]\na = 1\n[u]\n",
     {{{"t", "b"}, true}},
     "[t]\na = 1\n[u]\nb = true\n",
     "t.b as it should be"},
    {"a neighbour is lost",
     "[t.\"u.v\"]\na = 1\nb = 2\n",
     {{{"t", "u.v", "a"}, std::nullopt}},
     "[t.\"u.v\"]\n",
     "t.\"u.v\".b as it should be"},
    {"a neighbour is changed",
     "a = [1, 2]\n",
     {{{"b"}, std::string("x")}},
     "a = [2, 1]\nb = \"x\"\n",
     "a as it should be"},
    {"a date of a neighbour",
     "a = 1979-05-27T07:32:00Z\n",
     {{{"b"}, true}},
     "a = 1979-05-27T07:32:01Z\nb = true\n",
     "a as it should be"},
    {"not removed",
     "a = 1\nb = 2\n",
     {{{"a"}, std::nullopt}},
     "a = 1\nb = 2\n",
     "a as it should be"},
    {"an element of an array of tables is lost",
     "[[t]]\na = 1\n[[t]]\na = 2\n",
     {{{"b"}, true}},
     "b = true\n[[t]]\na = 1\n",
     "t as it should be"},
    {"a string without its end",
     "a = 1\n",
     {{{"b"}, std::string("x")}},
     "a = 1\nb = \"x\n",
     "refuses line 2"},
    {"a table twice",
     "[t]\na = 1\n",
     {{{"t", "b"}, true}},
     "[t]\na = 1\n[t]\nb = true\n",
     "refuses line"},
};

TEST(TomlSecondOpinion, finds_what_an_edit_should_not_have_done) {
  for (const Mistake& row : mistakes) {
    SCOPED_TRACE(row.what);
    const auto checked = check_toml_edit(row.before, row.changes, row.after);
    ASSERT_FALSE(checked);
    EXPECT_TRUE(checked.error().message().contains(row.error)) << checked.error().message();
    EXPECT_TRUE(checked.error().message().starts_with("the changed document: toml++"));
    EXPECT_TRUE(checked.error().full_message().contains("nothing was written"));
    EXPECT_FALSE(checked.error().full_message().contains('\n'));
  }
}

TEST(TomlSecondOpinion, agrees_with_what_was_asked_for) {
  const TomlChange changes[] = {
      {{"t", "b"}, std::vector<std::string>{"x", "y"}},
      {{"u", "a"}, std::nullopt},
      {{"new", "table", "c"}, std::int64_t{-1}},
  };
  const auto checked =
      check_toml_edit("n = nan\n[t]\na = 1979-05-27 07:32:00\n[u]\na = 1\n", changes,
                      "n = nan # the same\nt.b = ['x', \"y\"]\nt.a = 1979-05-27T07:32:00\n"
                      "[new.table]\nc = -1\n");
  EXPECT_TRUE(checked) << checked.error().message();
}

TEST(TomlSecondOpinion, a_table_that_others_are_in_stays) {
  const TomlChange removal[] = {{{"t", "u", "a"}, std::nullopt}};
  EXPECT_TRUE(check_toml_edit("[t.u]\na = 1\n", removal, ""));
  EXPECT_TRUE(check_toml_edit("[t.u]\na = 1\n", removal, "[t.u]\n"));
  EXPECT_TRUE(check_toml_edit("[t]\nb = 1\n[t.u]\na = 1\n", removal, "[t]\nb = 1\n"));
  EXPECT_FALSE(check_toml_edit("[t]\nb = 1\n[t.u]\na = 1\n", removal, ""));
}

TEST(TomlSecondOpinion, reads_a_tree_in_a_new_text) {
  const auto tree = parse_toml("a = 1\nd = 1979-05-27 07:32:00.5\n[t]\nx = [1.5, {y = true}]\n");
  ASSERT_TRUE(tree);
  EXPECT_TRUE(
      check_toml_text("t.x = [1.5, {y = true}]\nd = 1979-05-27T07:32:00.500\n\"a\" = 1\n", *tree));
  const auto differs = check_toml_text("a = 1\n[t]\nx = [1.5, {y = true}]\n", *tree);
  ASSERT_FALSE(differs);
  EXPECT_TRUE(differs.error().message().ends_with("does not find d as it should be"));
}

// A byte order mark is no part of the document.
TEST(TomlSecondOpinion, a_byte_order_mark_may_stay) {
  const TomlChange change[] = {{{"b"}, true}};
  EXPECT_TRUE(
      check_toml_edit("\xef\xbb\xbf"
                      "a = 1\n",
                      change,
                      "\xef\xbb\xbf"
                      "a = 1\nb = true\n"));
}

}  // namespace
}  // namespace nvbox::data
