// systemd's manager as a list of answers.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>

#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sys/fd.h"

namespace nvbox::test {

// "6c01" -> "l\1".
inline std::string bytes(std::string_view hex) {
  std::string out;
  for (size_t at = 0; at + 1 < hex.size(); at += 2) {
    out += static_cast<char>(*parse_number<unsigned>(hex.substr(at, 2), 16));
  }
  return out;
}

// Somebody who listens where systemd does, and says what was written down, an answer to each
// message.
class Manager {
 public:
  explicit Manager(std::vector<std::string> answers) : answers_(std::move(answers)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~Manager() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    std::filesystem::remove(path_);
  }

  const std::string& path() const { return path_; }
  // After the other side has hung up.
  std::vector<std::string> heard() {
    while (!is_over_) std::this_thread::yield();
    return heard_;
  }

 private:
  void serve() {
    const sys::Fd peer(accept(listener_.get(), nullptr, nullptr));
    char buffer[4096];
    for (const std::string& answer : answers_) {
      const ssize_t got = recv(peer.get(), buffer, sizeof buffer, 0);
      if (got <= 0) break;
      heard_.emplace_back(buffer, static_cast<size_t>(got));
      if (!answer.empty()) (void)send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    is_over_ = true;
    while (recv(peer.get(), buffer, sizeof buffer, 0) > 0) {
    }
  }

  std::string path_ =
      cat(std::filesystem::temp_directory_path().string(), "/nvbox-manager-", getpid());
  sys::Fd listener_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::vector<std::string> answers_;
  std::vector<std::string> heard_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace nvbox::test
