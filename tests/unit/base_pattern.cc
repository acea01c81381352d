// The meanings are those of glob(7), and where slashes matter of Go's filepath.Match, for patterns
// that are given to both.
#include "base/pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace nvbox {
namespace {

TEST(Pattern, matches_the_whole_name) {
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_FALSE(matches_pattern("a", ""));
  EXPECT_TRUE(matches_pattern("card0", "card0"));
  EXPECT_FALSE(matches_pattern("card0", "card01"));
}

TEST(Pattern, has_stars_that_go_back) {
  EXPECT_TRUE(matches_pattern("card*", "card"));
  EXPECT_TRUE(matches_pattern("card*", "card12"));
  EXPECT_TRUE(matches_pattern("*.so.*", "libx.so.so.1"));
  EXPECT_FALSE(matches_pattern("*.so", "libx.so.1"));
  EXPECT_TRUE(matches_pattern("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches_pattern("a*b*c", "aXbYbZ"));
}

TEST(Pattern, has_question_marks_classes_and_backslashes) {
  EXPECT_TRUE(matches_pattern("renderD12?", "renderD128"));
  EXPECT_FALSE(matches_pattern("renderD12?", "renderD12"));
  EXPECT_TRUE(matches_pattern("*.so.[0-9]", "libx.so.1"));
  EXPECT_FALSE(matches_pattern("*.so.[0-9]", "libx.so.1.2.3"));
  EXPECT_TRUE(matches_pattern("[^a-c]x", "dx"));
  EXPECT_FALSE(matches_pattern("[!a-c]x", "bx"));
  EXPECT_TRUE(matches_pattern("[]a]", "]"));
  EXPECT_TRUE(matches_pattern("[a-]", "-"));
  EXPECT_TRUE(matches_pattern("a\\*", "a*"));
  EXPECT_FALSE(matches_pattern("a\\*", "ab"));
  EXPECT_TRUE(matches_pattern("a[b", "a[b")) << "nothing closes it";
  EXPECT_TRUE(matches_pattern("a\\", "a\\"));
}

TEST(Pattern, of_wildcards_matches_no_slash) {
  EXPECT_FALSE(matches_pattern("*.so", "/foo/bar/libsomething.so"));
  EXPECT_TRUE(matches_pattern("/foo/*/*.so", "/foo/bar/libsomething.so"));
  EXPECT_FALSE(matches_pattern("a?b", "a/b"));
}

TEST(Pattern, takes_no_longer_than_the_product_of_the_lengths) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "a*";
  EXPECT_FALSE(matches_pattern(pattern + "b", std::string(20000, 'a')));
  EXPECT_FALSE(matches_pattern("*" + std::string(20000, '['), std::string(19999, '[')));
}

}  // namespace
}  // namespace nvbox
