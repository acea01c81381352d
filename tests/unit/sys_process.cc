#include "nvbox/sys/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include "nvbox/sys/file.h"

namespace nvbox::sys {
namespace {

constexpr int soon_ms = 20000;

// What a shell command writes, once it ended well.
std::string output_of(const std::string& command, std::vector<std::string> environment = {}) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Fd from(ends[0]);
  Fd to(ends[1]);
  Result<Child> child = spawn({.path = "/bin/sh",
                               .arguments = {"sh", "-c", command},
                               .environment = std::move(environment),
                               .output = to.get()});
  if (!child) return child.error().message();
  to.reset();
  std::string text = read_all(from.get(), 100000).value();
  EXPECT_EQ(child->wait(soon_ms).value(), ExitStatus{});
  return text;
}

TEST(Process, starts_in_the_root_directory_without_our_environment) {
  ASSERT_EQ(setenv("NVBOX_TEST_SECRET", "1", 1), 0);
  EXPECT_EQ(output_of("pwd; echo \"$NVBOX_TEST_SECRET$HOME\""), "/\n\n");
}

TEST(Process, has_no_descriptor_of_ours_but_its_streams) {
  const int left_open = open("/dev/zero", O_RDONLY);
  ASSERT_GE(left_open, 0);
  const Fd owner(left_open);
  EXPECT_FALSE(output_of("ls -l /proc/self/fd").contains("/dev/zero"));
}

TEST(Process, has_the_environment_that_it_is_given) {
  EXPECT_EQ(output_of("echo $PATH $NAME", {"PATH=/sbin", "NAME=a b"}), "/sbin a b\n");
}

TEST(Process, tells_how_it_ended) {
  Result<Child> child = spawn({.path = "/bin/sh", .arguments = {"sh", "-c", "exit 7"}});
  ASSERT_TRUE(child);
  EXPECT_EQ(child->wait(soon_ms).value(), (ExitStatus{.code = 7}));
  Result<Child> killed = spawn({.path = "/bin/sh", .arguments = {"sh", "-c", "kill -9 $$"}});
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->wait(soon_ms).value(), (ExitStatus{.signal = SIGKILL}));
}

TEST(Process, that_cannot_start_is_an_error_with_the_reason) {
  EXPECT_EQ(spawn({.path = "/does/not/exist", .arguments = {"x"}}).error().message(),
            "run /does/not/exist: execute it: No such file or directory");
  EXPECT_EQ(
      spawn({.path = "/bin/sh", .arguments = {"sh"}, .directory = "/nowhere"}).error().message(),
      "run /bin/sh: change its directory to /nowhere: No such file or directory");
}

TEST(Process, ends_with_its_owner) {
  pid_t pid = 0;
  {
    Result<Child> sleeper = spawn({.path = "/bin/sleep", .arguments = {"sleep", "1000"}});
    ASSERT_TRUE(sleeper);
    EXPECT_EQ(sleeper->wait(1).value(), std::nullopt);
    pid = sleeper->pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace nvbox::sys
