#include "sys/log_sinks.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <regex>

#include "base/text.h"
#include "sys/fd.h"

namespace nvbox::sys {
namespace {

// A /dev/log of our own.
class SystemLog : public testing::Test {
 protected:
  SystemLog() {
    char name[] = "/tmp/nvbox-log-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/log";
  }
  ~SystemLog() override { std::filesystem::remove_all(directory_); }

  void listen(int type) {
    socket_ = Fd(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  std::string received() const {
    char text[65536];
    const ssize_t size = recv(socket_.get(), text, sizeof text, 0);
    return size < 0 ? "nothing" : std::string(text, static_cast<size_t>(size));
  }

  std::string directory_;
  std::string path_;
  Fd socket_;
};

// RFC 3164: PRI is facility * 8 + severity in angle brackets (4.1.1: daemon is 3, warning is 4), a
// time that is missing is added by who reads it (4.3.2), and the program's name ends at what is no
// letter or digit (4.1.3); the "[pid]: " is syslog(3)'s.
TEST_F(SystemLog, a_line_is_one_datagram_as_rfc_3164_has_it) {
  listen(SOCK_DGRAM);
  Log log;
  log.add_only(LogFormat::plain, Level::warning, system_log("nvidia-hook", path_));
  log.error("not here");
  log.info("nor here");
  log.warning("it loses\nits GPUs");
  const std::regex form("<28>nvidia-hook\\[([0-9]+)\\]: (.*)");
  std::smatch parts;
  const std::string datagram = received();
  ASSERT_TRUE(std::regex_match(datagram, parts, form)) << datagram;
  EXPECT_EQ(parts[1], std::to_string(getpid()));
  EXPECT_EQ(parts[2], "warning: it loses\\x0aits GPUs");
  EXPECT_EQ(received(), "nothing");
}

// 4.1: "The total length of the packet MUST be 1024 bytes or less."
TEST_F(SystemLog, a_long_line_is_cut) {
  listen(SOCK_DGRAM);
  system_log("p", path_)(std::string(5000, 'x') + "\n");
  EXPECT_EQ(received().size(), 1024U);
}

// unix(7): a sender to a full queue blocks. Nobody reads here, and the queue holds net.unix's
// max_dgram_qlen datagrams, 10 to 512 by default.
TEST_F(SystemLog, a_queue_that_nobody_reads_holds_nobody_up) {
  listen(SOCK_DGRAM);
  const Log::Sink sink = system_log("p", path_);
  int taken = 0;
  for (int i = 0; i < 5000; ++i) sink("line\n");
  while (received() != "nothing") ++taken;
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, 5000);
}

TEST_F(SystemLog, without_a_log_that_takes_datagrams_nothing_happens) {
  system_log("p", path_)("no socket\n");
  EXPECT_FALSE(std::filesystem::exists(path_));
  listen(SOCK_STREAM);
  ASSERT_EQ(::listen(socket_.get(), 1), 0);
  system_log("p", path_)("another kind of socket\n");
  EXPECT_EQ(accept(socket_.get(), nullptr, nullptr), -1);
  system_log("p", std::string(500, '/'))("a path that no socket can have\n");
}

TEST_F(SystemLog, the_socket_is_that_of_the_beginning) {
  listen(SOCK_DGRAM);
  const Log::Sink sink = system_log("p", path_);
  const Fd first = std::move(socket_);
  ASSERT_EQ(unlink(path_.c_str()), 0);
  listen(SOCK_DGRAM);
  sink("line\n");
  EXPECT_EQ(received(), "nothing");
  socket_ = Fd(dup(first.get()));
  EXPECT_TRUE(received().ends_with(": line"));
}

}  // namespace
}  // namespace nvbox::sys
