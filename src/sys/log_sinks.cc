#include "sys/log_sinks.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace nvbox::sys {
namespace {

Result<> make_parents(std::string_view file) {
  const std::string_view directory = path::parent(file);
  if (mkdir(std::string(directory).c_str(), 0755) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT || directory == path::parent(directory)) {
    return Error(cat("create directory ", directory), errno);
  }
  NVBOX_TRY(make_parents(directory));
  if (mkdir(std::string(directory).c_str(), 0755) == 0 || errno == EEXIST) return {};
  return Error(cat("create directory ", directory), errno);
}

Result<Fd> open_log_file(const std::string& path) {
  // O_NONBLOCK: a FIFO that nobody reads must not hold up a container.
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK;
  Result<Fd> file = open_path(path, flags, 0644);
  if (file || file.error().code() != ENOENT) return file;
  NVBOX_TRY(make_parents(path));
  return open_path(path, flags, 0644);
}

std::optional<int> standard_descriptor(std::string_view path) {
  if (path == "/dev/stderr") return STDERR_FILENO;
  if (path == "/dev/stdout") return STDOUT_FILENO;
  return std::nullopt;
}

class LogFile {
 public:
  LogFile(std::string path, std::function<void(const Error&)> on_failure)
      : path_(std::move(path)), on_failure_(std::move(on_failure)) {}

  void write(std::string_view line) {
    if (has_failed_) return;
    const Result<> written = try_to_write(line);
    if (written) return;
    has_failed_ = true;
    on_failure_(Error(cat("log file ", path_, " is not written: ", written.error().message())));
  }

 private:
  Result<> try_to_write(std::string_view line) {
    if (const std::optional<int> standard = standard_descriptor(path_)) {
      return write_all(*standard, line);
    }
    if (!file_) file_ = NVBOX_TRY(open_log_file(path_));
    return write_all(file_.get(), line);
  }

  std::string path_;
  std::function<void(const Error&)> on_failure_;
  Fd file_;
  bool has_failed_ = false;
};

}  // namespace

Log::Sink log_file(std::string path, std::function<void(const Error&)> on_failure) {
  const auto file = std::make_shared<LogFile>(std::move(path), std::move(on_failure));
  return [file](std::string_view line) { file->write(line); };
}

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
