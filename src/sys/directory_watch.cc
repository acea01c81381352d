#include "sys/directory_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <optional>
#include <string>

namespace nvbox::sys {
namespace {

using Event = DirectoryWatch::Event;

constexpr std::uint32_t changes = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
// The kernel's own, which come unasked for: the directory went, or events were lost.
constexpr std::uint32_t losses = IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW;

// Whether one of the events in the buffer, which are of variable size, is worth telling.
bool is_any_relevant(std::string_view events, std::string_view prefix) {
  bool is_relevant = false;
  while (events.size() >= sizeof(inotify_event)) {
    inotify_event event{};
    std::memcpy(&event, events.data(), sizeof event);
    events.remove_prefix(sizeof event);
    const std::string_view name = events.substr(0, event.len);
    is_relevant |= (event.mask & losses) != 0 || name.starts_with(prefix);
    events.remove_prefix(name.size());
  }
  return is_relevant;
}

// nullopt when nothing is there to read.
Result<std::optional<Event>> read_signal(int signals) {
  signalfd_siginfo info{};
  const ssize_t length = read(signals, &info, sizeof info);
  if (length == sizeof info)
    return std::optional(info.ssi_signo == SIGHUP ? Event::hangup : Event::end);
  if (errno == EAGAIN || errno == EINTR) return std::nullopt;
  return Error("read signals", errno);
}

// Everything that is there.
Result<bool> read_events(int inotify, std::string_view prefix) {
  bool is_relevant = false;
  while (true) {
    char buffer[16384];
    const ssize_t length = read(inotify, buffer, sizeof buffer);
    if (length > 0) {
      is_relevant |= is_any_relevant({buffer, static_cast<size_t>(length)}, prefix);
      continue;
    }
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno != EAGAIN) return Error("read file events", errno);
    return is_relevant;
  }
}

}  // namespace

Result<DirectoryWatch> DirectoryWatch::create() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) sigaddset(&set, signal);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return Error("block signals", errno);
  Fd signals(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return Error("wait for signals", errno);
  Fd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) {
    return Error("wait for file events", errno)
        .hint("fs.inotify.max_user_instances limits how many programs may");
  }
  return DirectoryWatch(std::move(inotify), std::move(signals));
}

Result<> DirectoryWatch::add(const Fd& directory) {
  const std::string path = proc_path(directory.get());
  if (inotify_add_watch(inotify_.get(), path.c_str(), changes | IN_ONLYDIR) >= 0) return {};
  return Error("watch directory", errno);
}

Result<Event> DirectoryWatch::wait(std::string_view prefix) {
  while (true) {
    pollfd polled[] = {{signals_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}};
    if (poll(polled, 2, -1) < 0 && errno != EINTR) return Error("wait for file events", errno);
    const std::optional<Event> signal = NVBOX_TRY(read_signal(signals_.get()));
    if (signal) return *signal;
    const bool is_relevant = NVBOX_TRY(read_events(inotify_.get(), prefix));
    if (is_relevant) return Event::entry;
  }
}

}  // namespace nvbox::sys
