#include "sys/system_log.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "sys/fd.h"

namespace nvbox::sys {
namespace {

// RFC 3164, section 4.1.
constexpr size_t most_bytes = 1024;

std::string packet(std::string_view program, std::string_view line) {
  const std::string_view text = line.substr(0, line.find('\n'));
  std::string whole = cat("<", LOG_DAEMON | LOG_WARNING, ">", program, "[", getpid(), "]: ", text);
  if (whole.size() > most_bytes) whole.resize(most_bytes);
  return whole;
}

// Empty where there is no socket that takes datagrams.
Fd connect_to(std::string_view path) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) return {};
  path.copy(address.sun_path, path.size());
  Fd sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (!sender || connect(sender.get(), where, sizeof address) != 0) return {};
  return sender;
}

}  // namespace

Log::Sink system_log(std::string program, std::string_view socket) {
  // std::function copies its target.
  const auto sender = std::make_shared<Fd>(connect_to(socket));
  return [sender, program = std::move(program)](std::string_view line) {
    if (!*sender) return;
    const std::string text = packet(program, line);
    (void)send(sender->get(), text.data(), text.size(), MSG_NOSIGNAL);
  };
}

}  // namespace nvbox::sys
