#include "engine/unified_diff.h"

#include <gtest/gtest.h>

namespace nvbox::engine {
namespace {

TEST(UnifiedDiff, equal_texts_give_nothing) {
  EXPECT_EQ(unified_diff("/f", "a\n", "a\n"), "");
  EXPECT_EQ(unified_diff("/f", std::nullopt, std::nullopt), "");
}

TEST(UnifiedDiff, a_change_has_three_lines_of_context) {
  EXPECT_EQ(unified_diff("/etc/f", "1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nx\n6\n7\n8\n"),
            "--- a/etc/f\n+++ b/etc/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, changes_far_from_each_other_are_hunks_of_their_own) {
  EXPECT_EQ(unified_diff("/f", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\nb\nc\n"),
            "--- a/f\n+++ b/f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n"
            "@@ -7,3 +6,4 @@\n 6\n 7\n b\n+c\n");
}

TEST(UnifiedDiff, changes_near_each_other_share_a_hunk) {
  EXPECT_EQ(unified_diff("/f", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n"),
            "--- a/f\n+++ b/f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
}

TEST(UnifiedDiff, files_come_and_go) {
  EXPECT_EQ(unified_diff("/f", std::nullopt, "a\nb\n"),
            "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("/f", "a\n", std::nullopt), "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
}

TEST(UnifiedDiff, a_missing_newline_is_told) {
  EXPECT_EQ(unified_diff("/f", "a", "a\n"),
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

TEST(UnifiedDiff, a_name_with_a_blank_ends_with_a_tab) {
  EXPECT_EQ(unified_diff("/a b", std::nullopt, "x\n"),
            "--- /dev/null\n+++ b/a b\t\n@@ -0,0 +1 @@\n+x\n");
}

TEST(UnifiedDiff, texts_that_differ_in_everything_are_replaced) {
  std::string before;
  std::string after;
  for (int i = 0; i < 3000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  const std::string diff = unified_diff("/f", before, after);
  EXPECT_TRUE(diff.starts_with("--- a/f\n+++ b/f\n@@ -1,3000 +1,3000 @@\n-a0\n-a1\n"));
  EXPECT_TRUE(diff.ends_with("+b2998\n+b2999\n"));
}

}  // namespace
}  // namespace nvbox::engine
