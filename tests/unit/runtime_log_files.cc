#include "runtime/log_files.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace nvbox::runtime {
namespace {

class LogFiles : public testing::Test {
 protected:
  LogFiles() {
    char name[] = "/tmp/nvbox-log-files-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~LogFiles() override { std::filesystem::remove_all(directory_); }

  std::string at(std::string_view name) const { return cat(directory_, "/", name); }

  // The messages in a file, without the times.
  std::string messages(std::string_view name) const {
    std::ifstream file(at(name));
    std::string out;
    for (std::string line; std::getline(file, line);) {
      const size_t start = line.find("msg");
      out += cat(line.substr(start, line.find(",\"time") - start), "\n");
    }
    return out;
  }

  std::string directory_;
};

using Settings = config::Config::Runtime;
using Warnings = std::vector<std::string>;

TEST_F(LogFiles, both_files_get_every_line) {
  const RuntimeLog out =
      open_log({}, Settings{.debug = at("debug")}, CommandLine{.log_path = at("engine")});
  out.log.info("one");
  out.log.error("two");
  EXPECT_EQ(messages("debug"), "msg=\"one\"\nmsg=\"two\"\n");
  EXPECT_EQ(messages("engine"), "msg=\"one\"\nmsg=\"two\"\n");
  EXPECT_EQ(*out.warnings, Warnings{});
}

TEST_F(LogFiles, json_is_for_both_files) {
  const RuntimeLog out = open_log({}, Settings{.debug = at("debug")},
                                  CommandLine{.log_path = at("engine"), .log_json = true});
  out.log.error("one");
  EXPECT_EQ(messages("debug"), "msg\":\"one\"\n");
  EXPECT_EQ(messages("engine"), "msg\":\"one\"\n");
}

TEST_F(LogFiles, a_file_that_is_named_twice_gets_each_line_once) {
  const RuntimeLog out =
      open_log({}, Settings{.debug = at("log")}, CommandLine{.log_path = at("log")});
  out.log.info("one");
  EXPECT_EQ(messages("log"), "msg=\"one\"\n");
}

TEST_F(LogFiles, lines_are_appended) {
  std::ofstream(at("log")) << "msg=old\n";
  open_log({}, Settings{}, CommandLine{.log_path = at("log")}).log.info("new");
  EXPECT_EQ(messages("log"), "msg=old\nmsg=\"new\"\n");
}

TEST_F(LogFiles, nothing_is_made_until_something_is_said) {
  const RuntimeLog out = open_log({}, Settings{.debug = at("a/b/log")}, {});
  out.log.debug("not at this level");
  EXPECT_FALSE(std::filesystem::exists(at("a")));
  const mode_t mask = umask(022);
  out.log.info("one");
  umask(mask);
  EXPECT_EQ(messages("a/b/log"), "msg=\"one\"\n");
  struct stat info {};
  ASSERT_EQ(stat(at("a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755U);
  ASSERT_EQ(stat(at("a/b/log").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644U);
}

TEST_F(LogFiles, no_file_is_named_by_nothing_and_by_dev_null) {
  EXPECT_FALSE(open_log({}, Settings{.debug = ""}, {}).log.enabled(Level::error));
  EXPECT_FALSE(
      open_log({}, Settings{}, CommandLine{.log_path = "/dev/null"}).log.enabled(Level::error));
}

TEST_F(LogFiles, a_question_for_the_version_is_not_logged) {
  EXPECT_FALSE(open_log({}, Settings{.debug = at("log")}, CommandLine{.version = true})
                   .log.enabled(Level::error));
}

TEST_F(LogFiles, a_file_that_cannot_be_opened_is_a_warning) {
  std::ofstream(at("file")) << "";
  const RuntimeLog out =
      open_log({}, Settings{.debug = at("file/log")}, CommandLine{.log_path = at("engine")});
  out.log.info("one");
  out.log.info("two");
  EXPECT_EQ(*out.warnings, (Warnings{cat("log file ", at("file/log"), " is not written: open ",
                                         at("file/log"), ": Not a directory")}));
  EXPECT_EQ(messages("engine"), "msg=\"one\"\nmsg=\"two\"\n");
}

TEST_F(LogFiles, a_directory_that_cannot_be_made_is_a_warning) {
  const RuntimeLog out = open_log({}, Settings{.debug = "/proc/nvbox/log"}, {});
  out.log.info("one");
  EXPECT_EQ(*out.warnings,
            (Warnings{"log file /proc/nvbox/log is not written: create directory /proc/nvbox: No "
                      "such file or directory"}));
}

TEST_F(LogFiles, a_fifo_without_a_reader_is_a_warning) {
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
  const RuntimeLog out = open_log({}, Settings{.debug = at("fifo")}, {});
  out.log.info("one");
  EXPECT_EQ(*out.warnings, (Warnings{cat("log file ", at("fifo"), " is not written: open ",
                                         at("fifo"), ": No such device or address")}));
}

struct LevelVector {
  std::string level;
  bool debug_option;
  Level highest;
};

TEST_F(LogFiles, levels) {
  const LevelVector vectors[] = {
      {"info", false, Level::info},   {"WARN", false, Level::warning},
      {"panic", false, Level::error}, {"trace", false, Level::trace},
      {"error", true, Level::debug},  {"loud", false, Level::info},
  };
  for (const LevelVector& vector : vectors) {
    const RuntimeLog out = open_log({}, Settings{.debug = at("log"), .log_level = vector.level},
                                    CommandLine{.debug = vector.debug_option});
    for (const Level level :
         {Level::error, Level::warning, Level::info, Level::debug, Level::trace}) {
      EXPECT_EQ(out.log.enabled(level), level <= vector.highest) << vector.level;
    }
  }
}

}  // namespace
}  // namespace nvbox::runtime
