#include "base/result.h"

#include <cerrno>

#include <gtest/gtest.h>

#include <memory>

namespace nvbox {
namespace {

TEST(Error, a_message_is_told_from_the_outside_in) {
  const Error error = Error("open /dev/x", EACCES).in("GPU 0").in("container web");
  EXPECT_EQ(error.message(), "container web: GPU 0: open /dev/x: Permission denied");
  EXPECT_EQ(error.full_message(), error.message());
  EXPECT_EQ(error.code(), EACCES);
}

TEST(Error, without_an_errno_there_is_no_errno_text) {
  EXPECT_EQ(Error("no such GPU").message(), "no such GPU");
  EXPECT_EQ(Error("no such GPU").code(), 0);
}

TEST(Error, the_innermost_hint_stays) {
  const Error error = Error("no runtime").hint("install runc").in("start").hint("try again");
  EXPECT_EQ(error.full_message(), "start: no runtime; install runc");
}

TEST(Result, holds_a_value_or_an_error) {
  const Result<int> good = 7;
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 7);
  const Result<int> bad = Error("reason");
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().message(), "reason");
}

TEST(Result, takes_what_its_value_is_made_of) {
  const Result<std::string> text = "x";
  EXPECT_EQ(text->size(), 1U);
  Result<std::unique_ptr<int>> owner = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = std::move(owner).value();
  EXPECT_EQ(*taken, 3);
}

TEST(Result, context_and_hints_only_change_errors) {
  EXPECT_EQ(*Result<int>(7).in("context").hint("advice"), 7);
  EXPECT_TRUE(Result<>().in("context").hint("advice"));
  EXPECT_EQ(Result<int>(Error("x")).in("context").hint("advice").error().full_message(),
            "context: x; advice");
  EXPECT_EQ(Result<>(Error("x")).in("context").hint("advice").error().full_message(),
            "context: x; advice");
}

Result<int> half(int number) {
  if (number % 2 != 0) return Error("odd");
  return number / 2;
}

Result<> check_quarter(int number, int& quarter) {
  const int first = NVBOX_TRY(half(number));
  quarter = NVBOX_TRY(half(first).in("second half"));
  return {};
}

TEST(Result, try_takes_the_value_or_returns_the_error) {
  int quarter = 0;
  EXPECT_TRUE(check_quarter(12, quarter));
  EXPECT_EQ(quarter, 3);
  EXPECT_EQ(check_quarter(3, quarter).error().message(), "odd");
  EXPECT_EQ(check_quarter(6, quarter).error().message(), "second half: odd");
}

}  // namespace
}  // namespace nvbox
