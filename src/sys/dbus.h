// As much of D-Bus as it takes to ask systemd's manager something on its own socket: method calls,
// one after the other, and their answers (D-Bus Specification, "Message Protocol Specification" and
// "Authentication Protocol"). No library, because libdbus and libsystemd are not made for static
// programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::sys::dbus {

// Values of a message's body in the order of its signature, as a little-endian sender writes them.
class Writer {
 public:
  void byte(char value) { bytes_ += value; }
  void boolean(bool value) { number(value ? 1 : 0); }
  void number(std::uint32_t value);
  void string(std::string_view text);
  // Also what comes before the one value of a variant.
  void signature(std::string_view types);
  // To the next multiple of `boundary`: a structure begins at one of 8.
  void align(size_t boundary);
  // An array of structures, each of which `elements` has aligned.
  void structures(const Writer& elements);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct Call {
  std::string_view destination;
  std::string_view path;
  std::string_view interface;
  std::string_view member;
  std::string_view signature;
  const std::string& body;  // Writer::bytes
};

// The whole message.
std::string encode(const Call& call, std::uint32_t serial);

// Values in the order of a signature. After a mistake everything is empty, and failed() says so.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t byte();
  std::uint32_t number();
  std::string_view string();
  std::string_view signature();
  void align(size_t boundary);
  std::string_view take(size_t count);

  size_t position() const { return at_; }
  bool failed() const { return failed_; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

// A variant of an array of two strings each, a(ss). An error for anything else.
using StringPair = std::pair<std::string, std::string>;
Result<std::vector<StringPair>> pairs_in_variant(std::string_view body);

// A variant of a string.
Result<std::string> string_in_variant(std::string_view body);

// A path's last element for a name (sd_bus_path_encode(3)): "a-1.scope" -> "a_2d1_2escope".
std::string path_element(std::string_view name);

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  // To whoever listens at `socket`, as this process' user. ENOENT and ECONNREFUSED: nobody does.
  // ETIMEDOUT, now or at a call: all waits together have taken `patience`.
  static Result<Connection> open(std::string_view socket, Clock::duration patience);

  // The body of the answer. What the other side refuses is an error without an errno, with the
  // name and the words of the refusal.
  Result<std::string> call(const Call& call);

 private:
  Connection(Fd socket, Clock::time_point deadline)
      : socket_(std::move(socket)), deadline_(deadline) {}

  Result<> authenticate();
  Result<> send(const std::string& bytes) const;
  // Until `count` bytes are there.
  Result<> receive(size_t count);
  // The next message, which is taken out of what was received.
  Result<std::string> next_message();

  Fd socket_;
  Clock::time_point deadline_;
  std::uint32_t serial_ = 0;
  std::string received_;
};

}  // namespace nvbox::sys::dbus
