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

TEST(UnifiedDiff, changes_are_one_hunk_from_the_first_to_the_last) {
  EXPECT_EQ(unified_diff("/f", "a\n1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\nb\n"),
            "--- a/f\n+++ b/f\n@@ -1,6 +1,6 @@\n-a\n-1\n-2\n-3\n-4\n-5\n+1\n+2\n+3\n+4\n+5\n+b\n");
  EXPECT_EQ(unified_diff("/f", "a\n1\nb\n", "A\n1\nB\n"),
            "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n-a\n-1\n-b\n+A\n+1\n+B\n");
}

TEST(UnifiedDiff, lines_that_come_twice_are_counted_once) {
  EXPECT_EQ(unified_diff("/f", "x\nx\n", "x\nx\nx\n"),
            "--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n x\n x\n+x\n");
  EXPECT_EQ(unified_diff("/f", "x\nx\nx\n", "x\n"),
            "--- a/f\n+++ b/f\n@@ -1,3 +1 @@\n x\n-x\n-x\n");
}

TEST(UnifiedDiff, files_come_and_go) {
  EXPECT_EQ(unified_diff("/f", std::nullopt, "a\nb\n"),
            "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("/f", "a\n", std::nullopt), "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(unified_diff("/f", "", std::nullopt), "--- a/f\n+++ /dev/null\n");
}

TEST(UnifiedDiff, a_missing_newline_is_told) {
  EXPECT_EQ(unified_diff("/f", "a", "a\n"),
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

TEST(UnifiedDiff, a_name_with_a_blank_ends_with_a_tab) {
  EXPECT_EQ(unified_diff("/a b", std::nullopt, "x\n"),
            "--- /dev/null\n+++ b/a b\t\n@@ -0,0 +1 @@\n+x\n");
}

}  // namespace
}  // namespace nvbox::engine
