#include "base/path.h"

#include <gtest/gtest.h>

namespace nvbox::path {
namespace {

TEST(Path, join_puts_one_slash_between) {
  EXPECT_EQ(join("/a", "b"), "/a/b");
  EXPECT_EQ(join("/a//", "//b/"), "/a/b/");
  EXPECT_EQ(join("/", "b"), "/b");
  EXPECT_EQ(join("", "b"), "b");
  EXPECT_EQ(join("", "/b"), "b");
  EXPECT_EQ(join("/a", ""), "/a");
  EXPECT_EQ(join("/a/", "/"), "/a");
}

TEST(Path, parent_and_base_name_divide_a_path) {
  struct Row {
    std::string_view path, parent, base_name;
  };
  constexpr Row rows[] = {
      {"/a/b", "/a", "b"}, {"/a/b/", "/a", "b"}, {"/a", "/", "a"}, {"/", "/", ""},
      {"a/b", "a", "b"},   {"a", ".", "a"},      {"a/", ".", "a"}, {"", ".", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(parent(row.path), row.parent) << row.path;
    EXPECT_EQ(base_name(row.path), row.base_name) << row.path;
  }
}

TEST(Path, components_leave_out_what_means_nothing) {
  using Pieces = std::vector<std::string_view>;
  EXPECT_EQ(components("//a/./b/../c/"), (Pieces{"a", "b", "..", "c"}));
  EXPECT_EQ(components("/"), Pieces{});
  EXPECT_EQ(components(""), Pieces{});
}

TEST(Path, clean_is_the_shortest_spelling) {
  struct Row {
    std::string_view path, cleaned;
  };
  constexpr Row rows[] = {
      {"/a//b/./c/", "/a/b/c"}, {"/a/../b", "/b"}, {"/../a", "/a"}, {"a/..", "."},
      {"../a/../..", "../.."},  {"", "."},         {"/", "/"},      {"./a", "a"},
      {"/a/../..", "/"},
  };
  for (const Row& row : rows) EXPECT_EQ(clean(row.path), row.cleaned) << row.path;
}

TEST(Path, is_below_compares_whole_components) {
  EXPECT_TRUE(is_below("/a/b", "/a"));
  EXPECT_TRUE(is_below("/a", "/a"));
  EXPECT_TRUE(is_below("/a/b", "/a/"));
  EXPECT_TRUE(is_below("/a", "/"));
  EXPECT_FALSE(is_below("/ab", "/a"));
  EXPECT_FALSE(is_below("/", "/a"));
  EXPECT_FALSE(is_below("a", "/"));
}

}  // namespace
}  // namespace nvbox::path
