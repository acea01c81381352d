#include "base/log.h"

#include <gtest/gtest.h>

namespace nvbox {
namespace {

constexpr std::string_view time_of_day = "2026-01-31T23:59:59Z";

TEST(Log, levels_have_the_names_of_logrus) {
  EXPECT_EQ(parse_level("error"), Level::error);
  EXPECT_EQ(parse_level("FATAL"), Level::error);
  EXPECT_EQ(parse_level("panic"), Level::error);
  EXPECT_EQ(parse_level("warn"), Level::warning);
  EXPECT_EQ(parse_level("Warning"), Level::warning);
  EXPECT_EQ(parse_level("info"), Level::info);
  EXPECT_EQ(parse_level("debug"), Level::debug);
  EXPECT_EQ(parse_level("trace"), Level::trace);
  EXPECT_EQ(parse_level(""), std::nullopt);
  EXPECT_EQ(parse_level("loud"), std::nullopt);
}

TEST(Log, a_text_line_is_that_of_logrus) {
  EXPECT_EQ(log_line(LogFormat::text, Level::warning, time_of_day, "a \"b\"\n"),
            "time=\"2026-01-31T23:59:59Z\" level=warning msg=\"a \\\"b\\\"\\n\"\n");
}

TEST(Log, a_json_line_is_that_of_logrus) {
  EXPECT_EQ(log_line(LogFormat::json, Level::error, time_of_day, "a \"b\" \\ \x01 \xc3\xa9"),
            "{\"level\":\"error\",\"msg\":\"a \\\"b\\\" \\\\ \\u0001 \xc3\xa9\","
            "\"time\":\"2026-01-31T23:59:59Z\"}\n");
}

TEST(Log, the_time_is_rfc_3339_in_utc) {
  const std::string now = rfc3339_now();
  ASSERT_EQ(now.size(), time_of_day.size()) << now;
  for (size_t i = 0; i < now.size(); ++i) {
    const bool digit = time_of_day[i] >= '0' && time_of_day[i] <= '9';
    EXPECT_EQ(now[i] >= '0' && now[i] <= '9', digit) << now;
    EXPECT_TRUE(digit || now[i] == time_of_day[i]) << now;
  }
}

TEST(Log, lines_up_to_the_level_reach_every_sink) {
  std::string first;
  std::string second;
  Log log;
  log.set_level(Level::warning);
  log.add(LogFormat::text,
          [&](std::string_view line) { first += line.substr(line.find("level")); });
  log.add(LogFormat::json,
          [&](std::string_view line) { second += line.substr(0, line.find(",\"t")); });
  log.error("one");
  log.warning("two");
  log.info("three");
  log.debug("four");
  EXPECT_EQ(first, "level=error msg=\"one\"\nlevel=warning msg=\"two\"\n");
  EXPECT_EQ(second, "{\"level\":\"error\",\"msg\":\"one\"{\"level\":\"warning\",\"msg\":\"two\"");
}

TEST(Log, a_sink_with_a_level_of_its_own_does_not_follow_the_log) {
  std::string all;
  std::string few;
  Log log;
  log.set_level(Level::error);
  log.add(LogFormat::plain, Level::debug, [&](std::string_view line) { all += line; });
  log.add(LogFormat::plain, [&](std::string_view line) { few += line; });
  EXPECT_TRUE(log.enabled(Level::debug));
  EXPECT_FALSE(log.enabled(Level::trace));
  log.error("one\n");
  log.debug("two");
  EXPECT_EQ(all, "error: one\\x0a\ndebug: two\n");
  EXPECT_EQ(few, "error: one\\x0a\n");
}

TEST(Log, a_sink_may_want_one_level_alone) {
  std::string lines;
  Log log;
  log.add_only(LogFormat::plain, Level::warning, [&](std::string_view line) { lines += line; });
  log.error("one");
  log.warning("two");
  log.info("three");
  EXPECT_EQ(lines, "warning: two\n");
  EXPECT_FALSE(log.enabled(Level::error));
}

TEST(Log, without_a_sink_nothing_is_enabled) {
  Log log;
  log.set_level(Level::trace);
  EXPECT_FALSE(log.enabled(Level::error));
  log.add(LogFormat::text, [](std::string_view) {});
  EXPECT_TRUE(log.enabled(Level::trace));
}

}  // namespace
}  // namespace nvbox
