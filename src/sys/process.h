// Other programs.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/confine.h"
#include "sys/fd.h"

namespace nvbox::sys {

// Becomes the program at `path`, with `path` and `arguments` (without the program's name) and this
// environment. Returns only when that fails.
Result<> exec_program(const std::string& path, std::span<const std::string_view> arguments,
                      char* const* environment);

// Where this program's file is, for others to run it. When it was replaced since it was started, as
// by an upgrade, the new one; an error when its place is empty.
Result<std::string> own_path();

// A program to run without anything of ours: no environment, no descriptors, no directory.
struct Program {
  std::string path;                        // below `root`; not searched for
  std::vector<std::string> arguments{};    // beginning with the name
  std::vector<std::string> environment{};  // "NAME=value"
  std::string root = "/";                  // its root directory
  std::string directory = "/";             // its working directory, below `root`
  // Descriptors for its standard streams; /dev/null for those that are -1.
  int input = -1;
  int output = -1;
  int error = -1;
  // The program itself, if not -1; `path` then only says what it is called.
  int image = -1;
  std::optional<Confinement> confinement{};
};

// How a process ended.
struct ExitStatus {
  int code = 0;    // what it returned
  int signal = 0;  // the signal that ended it, or 0

  bool operator==(const ExitStatus&) const = default;
};

// A running child process. Dropping it kills and reaps it, unless the kernel does not let it go, as
// when it hangs in a driver: then it is left to init.
class Child {
 public:
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }

  // Waits for its end; nullopt when that takes longer. It can be asked again then.
  Result<std::optional<ExitStatus>> wait(int timeout_ms);

 private:
  friend Result<Child> spawn(const Program& program);
  Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;  // 0 once it was reaped
  Fd pidfd_;   // empty before Linux 5.3
};

// Starts a program. What fails in the child before the program runs is the error of this call.
Result<Child> spawn(const Program& program);

// What a program did.
struct Outcome {
  std::optional<ExitStatus> status{};  // nullopt when it took too long and was killed
  std::string output{};                // on standard output, as far as it got
  std::string error{};                 // on standard error
};

// How long a program may take.
struct Patience {
  int total_ms;               // from its start to its end
  int silence_ms = total_ms;  // from its start or one output to the next
};

// Starts a program, whose output and error streams are collected, and waits for its end. EFBIG when
// a stream has more than `most_bytes`.
Result<Outcome> run_to_end(Program program, Patience patience, size_t most_bytes);

// Does `work` in a copy of this process and waits for its end, with no signal handler of this
// process running there: for libraries, whose callers keep their namespaces, users and
// capabilities. What is changed in memory is lost; an error comes back as text.
Result<> in_child(const std::function<Result<>()>& work);

// What a program wrote last on standard error, or how it ended: for messages.
std::string last_words(const Outcome& outcome);

}  // namespace nvbox::sys
