// Waiting for something to happen in directories, with inotify(7).
#pragma once

#include <string_view>
#include <utility>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::sys {

class DirectoryWatch {
 public:
  // From here on SIGINT, SIGTERM, SIGQUIT and SIGHUP are for wait() only, in the whole process.
  static Result<DirectoryWatch> create();

  // Watches an open directory too. One that is watched already stays so.
  Result<> add(const Fd& directory);

  enum class Event {
    entry,   // one whose name has the prefix came or went, or a directory itself went
    hangup,  // SIGHUP
    end,     // one of the other signals
  };

  // Blocks. What happened since create() counts; what happens at the same time is one event.
  Result<Event> wait(std::string_view prefix);

 private:
  DirectoryWatch(Fd inotify, Fd signals)
      : inotify_(std::move(inotify)), signals_(std::move(signals)) {}

  Fd inotify_;
  Fd signals_;
};

}  // namespace nvbox::sys
