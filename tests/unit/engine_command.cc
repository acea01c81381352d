#include "engine/command.h"

#include <gtest/gtest.h>

namespace nvbox::engine {
namespace {

sys::Outcome shell(const std::string& script) {
  return run_command("/bin/sh", {"-c", script}, "/usr/bin:/bin").value();
}

TEST(Command, both_streams_and_the_status_come_back) {
  const sys::Outcome result = shell("echo out; echo one >&2; echo two >&2; exit 3");
  EXPECT_EQ(result.status, (sys::ExitStatus{.code = 3}));
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.error, "one\ntwo\n");
  EXPECT_EQ(sys::last_words(result), "two");
}

TEST(Command, the_program_has_the_search_path_and_nothing_else) {
  EXPECT_EQ(shell("env -u PWD -u _ -u SHLVL -u OLDPWD env").output, "PATH=/usr/bin:/bin\n");
}

TEST(Command, a_silent_end_is_told_too) {
  EXPECT_EQ(sys::last_words(shell("exit 4")), "its status was 4");
  EXPECT_EQ(sys::last_words(shell("kill -9 $$")), "it was ended by signal 9");
}

TEST(Command, a_program_that_does_not_exist_is_an_error) {
  EXPECT_FALSE(run_command("/nonexistent", {}, ""));
}

}  // namespace
}  // namespace nvbox::engine
