#include "sys/directory_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace nvbox::sys {
namespace {

using Event = DirectoryWatch::Event;

// A directory of its own, and the signals as they were for the tests that follow.
class DirectoryWatchTest : public testing::Test {
 protected:
  DirectoryWatchTest() {
    sigprocmask(SIG_BLOCK, nullptr, &before_);
    path_ = (std::filesystem::temp_directory_path() / "nvbox-watch-XXXXXX").string();
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~DirectoryWatchTest() override {
    std::filesystem::remove_all(path_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  Fd open_directory() const { return Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
  void make_file(const std::string& name) const { std::ofstream(path_ + "/" + name) << ""; }

  std::string path_{};
  sigset_t before_{};
};

TEST_F(DirectoryWatchTest, tells_of_names_that_come_and_go) {
  DirectoryWatch watch = DirectoryWatch::create().value();
  ASSERT_TRUE(watch.add(open_directory()));
  make_file("tty1");
  make_file("nvidia0");
  EXPECT_EQ(watch.wait("nvidia").value(), Event::entry);
  ASSERT_EQ(unlink((path_ + "/nvidia0").c_str()), 0);
  EXPECT_EQ(watch.wait("nvidia").value(), Event::entry);
}

TEST_F(DirectoryWatchTest, tells_that_the_directory_went) {
  DirectoryWatch watch = DirectoryWatch::create().value();
  ASSERT_TRUE(watch.add(open_directory()));
  ASSERT_EQ(rmdir(path_.c_str()), 0);
  EXPECT_EQ(watch.wait("nvidia").value(), Event::entry);
}

TEST_F(DirectoryWatchTest, tells_signals_apart) {
  DirectoryWatch watch = DirectoryWatch::create().value();
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  EXPECT_EQ(watch.wait("nvidia").value(), Event::hangup);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT}) {
    ASSERT_EQ(kill(getpid(), signal), 0);
    EXPECT_EQ(watch.wait("nvidia").value(), Event::end);
  }
}

TEST_F(DirectoryWatchTest, refuses_what_is_no_directory) {
  DirectoryWatch watch = DirectoryWatch::create().value();
  make_file("file");
  const Fd file(open((path_ + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(watch.add(file).error().code(), ENOTDIR);
}

}  // namespace
}  // namespace nvbox::sys
