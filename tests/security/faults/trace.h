// One run of a program in which one system call fails, or before which it is killed.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace nvbox::faults {

struct Command {
  std::vector<std::string> arguments{};  // the first is the program's path
  std::vector<std::string> environment{};
  std::string input{};       // standard input
  int mount_namespace = -1;  // a descriptor of it; -1: the caller's
};

// What happens instead of the call at position `at`, counted from 0 over all processes of a run.
struct Fault {
  long at = 0;
  int errno_value = 0;  // 0: SIGKILL
};

// A call as the program made it.
struct Made {
  int number = -1;
  std::string path{};    // that it names, where it names one
  bool creates = false;  // an open that makes a file
};

struct Outcome {
  int status = 0;             // of exit, or 128 and the signal that ended the program
  std::string messages{};     // standard output and error
  std::vector<Made> calls{};  // up to the fault, or all
  bool is_hit = false;        // whether the fault's call was made
  bool is_stuck = false;      // it did not end by itself in `most_seconds`
};

inline constexpr unsigned most_seconds = 30;

// Runs the command and its children to their ends. What they execute in turn is not watched: it is
// not ours. Calls that end a process are not counted, because they cannot fail.
Result<Outcome> run(const Command& command, std::optional<Fault> fault);

// "openat"; the number where it has no name.
std::string name_of(int number);

// Whether the call may change files, mounts or nodes.
bool changes_files(const Made& call);

// Whether the manual page of the call has EINTR.
bool is_interruptible(int number);

}  // namespace nvbox::faults
