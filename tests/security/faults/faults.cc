// Runs each command that changes something again and again on a machine as it was, and lets one
// system call after the other fail, or kills the command there. Whatever happens, a file is the old
// one or the new one, nothing stays mounted, and the command does its work when it is run again.
//
// usage: faults [SCENARIO...], in a simulated host. With NVBOX_LONG=1 every error at every call.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "scenarios.h"
#include "trace.h"
#include "world.h"

namespace nvbox::faults {
namespace {

// What memory, disks and policies answer at any call.
constexpr int errors[] = {ENOMEM, EIO, ENOSPC, EACCES};

// In the usual run, so that it ends in a minute or so.
constexpr size_t most_calls = 150;

// The machine after a run.
struct Machine {
  Files files{};
  Mounts mounts{};

  bool operator==(const Machine&) const = default;
};

// "time=... level=warning msg=..."
std::string without_time(std::string_view line) {
  const size_t level = line.find("level=");
  return std::string(line.substr(level == std::string_view::npos ? 0 : level));
}

struct Ran {
  Outcome outcome{};
  std::string log{};
  Machine machine{};

  // What a person is told: everything on standard output and error, and of a log what is not only
  // for debugging. Without times.
  std::set<std::string> lines() const {
    std::set<std::string> out;
    for (const std::string_view line : split(outcome.messages, '\n'))
      out.insert(without_time(line));
    for (const std::string_view line : split(log, '\n')) {
      if (!line.contains("level=debug")) out.insert(without_time(line));
    }
    return out;
  }
};

// What the commands leave when they are killed: the new file beside its place, under a name that
// nobody reads (sys/file.h), and a link under such a name (host/root_write.h).
bool is_temporary(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with('.') && name.contains(".nvbox-");
}

Files without_temporaries(Files files) {
  std::erase_if(files, [](const auto& entry) { return is_temporary(entry.first); });
  return files;
}

std::string entry(const Files& files, const std::string& path) {
  const auto found = files.find(path);
  return found == files.end() ? "" : found->second;
}

// A failure anywhere in the machinery of the test ends it.
template <typename T>
T need(Result<T> result) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "faults: %s\n", result.error().message().c_str());
  std::exit(1);
}

std::string replaced(std::string_view text, pid_t pid) {
  std::string out(text);
  const size_t at = out.find("@PID");
  if (at != std::string::npos) out.replace(at, 4, cat(pid));
  return out;
}

Command command_for(const Scenario& scenario, const Container& container) {
  Command command = {.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "NVIDIA_CTK_NO_CACHE=1",
                                     "NVIDIA_CTK_CONFIG_FILE_PATH=/run/faults/config.toml"},
                     .input = std::string(scenario.input),
                     .mount_namespace = scenario.is_beside ? -1 : container.mount_namespace()};
  // Only runtimes are told of the file that they were prepared.
  if (!scenario.name.starts_with("runtime-")) command.environment.pop_back();
  command.arguments.push_back(cat("/usr/bin/", scenario.arguments.front()));
  for (const std::string_view word : scenario.arguments) {
    if (command.arguments.size() == 1 && word == scenario.arguments.front()) continue;
    command.arguments.push_back(replaced(word, container.pid()));
  }
  return command;
}

// Runs the command on the machine as it is.
Ran run_once(const Scenario& scenario, std::optional<Fault> fault) {
  const Container container = need(Container::start());
  Ran ran;
  ran.outcome = need(run(command_for(scenario, container), fault));
  ran.machine = {container.files(), container.mounts()};
  ran.log = text_at(cat(base, "/log"));
  return ran;
}

struct Totals {
  long injected = 0;
  long refused = 0;
  long whole = 0;
  long warned = 0;
  long killed = 0;
  long defects = 0;
};

class Judge {
 public:
  explicit Judge(const Scenario& scenario) : scenario_(scenario) {}

  Totals run(bool is_long) {
    if (!learn()) return totals_;
    // Of a command with thousands of calls every second or third, in the usual run.
    step_ = is_long ? 1 : 1 + calls_.size() / most_calls;
    for (size_t at = 0; at < calls_.size(); at += step_) {
      for (const int error : errors_at(at, is_long)) {
        try_fault({.at = static_cast<long>(at), .errno_value = error});
      }
    }
    return totals_;
  }

  size_t calls() const { return calls_.size(); }

 private:
  // 0 is the kill.
  std::vector<int> errors_at(size_t at, bool is_long) const {
    std::vector<int> out;
    const bool may_interrupt = is_interruptible(calls_[at].number);
    if (is_long) {
      out.assign(std::begin(errors), std::end(errors));
      out.push_back(0);
    } else {
      out.push_back(errors[(at / step_) % std::size(errors)]);
      if (changes_files(calls_[at])) out.push_back(0);
    }
    if (may_interrupt && (is_long || at % 3 == 0)) out.push_back(EINTR);
    return out;
  }

  // The machine before and after, and the calls of a run in peace; two of them have to be alike.
  bool learn() {
    {
      const State state = need(State::make());
      scenario_.prepare();
      const Container container = need(Container::start());
      old_ = {container.files(), container.mounts()};
    }
    for (const bool is_second : {false, true}) {
      const State state = need(State::make());
      scenario_.prepare();
      Ran ran = run_once(scenario_, std::nullopt);
      if (ran.outcome.status != 0) {
        std::printf("%s", ran.outcome.messages.c_str());
        return defect("in peace", cat("it ends with ", ran.outcome.status));
      }
      if (ran.machine == old_) return defect("in peace", "it changes nothing");
      if (is_second && ran.machine != new_) return defect("in peace", "it is not the same twice");
      if (!is_second) check_second_run(ran.machine);
      new_ = std::move(ran.machine);
      calls_ = std::move(ran.outcome.calls);
      usual_lines_ = ran.lines();
    }
    return true;
  }

  // Where all is done there is nothing to do; some commands say so by an error.
  void check_second_run(const Machine& done) {
    if (scenario_.renew != nullptr) scenario_.renew();
    if (run_once(scenario_, std::nullopt).machine != done) {
      defect("in peace", "a second time it does something else");
    }
  }

  void try_fault(const Fault& fault) {
    const State state = need(State::make());
    scenario_.prepare();
    const Mounts before = own_mounts();
    const Ran ran = run_once(scenario_, fault);
    if (!ran.outcome.is_hit) return;
    ++totals_.injected;
    where_ = describe(fault, ran.outcome.calls[static_cast<size_t>(fault.at)]);
    said_ = ran.lines();
    if (own_mounts() != before) defect(where_, "something is mounted on the host");
    if (ran.outcome.is_stuck) defect(where_, "it does not end");
    if (fault.errno_value == 0 || is_ended_by_library(ran)) {
      ++totals_.killed;
      check_files(ran, /*may_have_temporaries=*/true);
    } else {
      check_failed_call(ran);
    }
    check_next_run(ran);
  }

  void check_failed_call(const Ran& ran) {
    check_files(ran, /*may_have_temporaries=*/false);
    if (ran.outcome.status > 128) defect(where_, cat("signal ", ran.outcome.status - 128));
    if (ran.outcome.status != 0) return check_refusal(ran);
    if (ran.machine == new_) {
      ++totals_.whole;
    } else if (is_warned(ran)) {
      ++totals_.warned;
    } else {
      defect(where_, cat("success, without a word, and ", difference(ran.machine)));
    }
  }

  void check_refusal(const Ran& ran) {
    ++totals_.refused;
    if (!is_warned(ran) && !where_.contains(" write")) defect(where_, "failure without a word");
    if (ran.machine.mounts != old_.mounts) defect(where_, "failure, and something stays mounted");
    if (scenario_.undoes && ran.machine.files != old_.files) {
      defect(where_, cat("failure, and ", difference(ran.machine, old_)));
    }
  }

  // glibc aborts when the heap's first growth is given and its second, for alignment, is not
  // (sysmalloc of 2.36), and when futex(2) fails in a way that it never does: the program is killed
  // there. A hook may not send signals, not even this one to itself, and ends by abort()'s next
  // means.
  static bool is_ended_by_library(const Ran& ran) {
    const int status = ran.outcome.status;
    const std::string& messages = ran.outcome.messages;
    return (status == 128 + SIGABRT || status == 128 + SIGSEGV) &&
           (messages.starts_with("Fatal glibc error: malloc") ||
            messages.starts_with("The futex facility returned an unexpected error code"));
  }

  // Whether it said something that it does not say in peace.
  bool is_warned(const Ran& ran) const {
    return std::ranges::any_of(ran.lines(), [&](const std::string& line) {
      return !line.empty() && !usual_lines_.contains(line);
    });
  }

  // Whether something is mounted there in the end. Until then, and when the command is killed
  // meanwhile, there is an empty place for it, which goes with the container.
  bool is_mounted_over(const std::string& path) const {
    return std::ranges::any_of(new_.mounts, [&](const std::string& mount) {
      const std::string_view place = std::string_view(mount).substr(0, mount.find(' '));
      return path::is_below(path::join(base, path), place) &&
             std::ranges::find(old_.mounts, mount) == old_.mounts.end();
    });
  }

  // Each file is the old one or the new one; a part of the new one where the command told which
  // part it left out, and did what remains.
  void check_files(const Ran& ran, bool may_have_temporaries) {
    for (const auto& [path, found] : ran.machine.files) {
      if (found == entry(old_.files, path) || found == entry(new_.files, path)) continue;
      if (may_have_temporaries && (is_temporary(path) || is_mounted_over(path))) continue;
      const bool is_lessened = ran.outcome.status == 0 && is_warned(ran);
      if (!is_lessened) defect(where_, cat(path, " is neither the old nor the new one"));
    }
    for (const auto& [path, found] : old_.files) {
      const bool is_covered = may_have_temporaries && is_mounted_over(path);
      if (!ran.machine.files.contains(path) && new_.files.contains(path) && !is_covered) {
        defect(where_, cat(path, " is gone"));
      }
    }
  }

  // In peace, on what the fault has left.
  void check_next_run(const Ran& ran) {
    const Machine& left = ran.machine;
    if (left == old_ || left == new_) return;  // what follows then is known
    if (scenario_.renew != nullptr) scenario_.renew();
    const Ran next = run_once(scenario_, std::nullopt);
    if (next.outcome.status != 0) {
      said_ = next.lines();
      defect(where_, cat("the next run ends with ", next.outcome.status));
      return;
    }
    // The part that was left out with a warning may be left out for good: an image's cache that
    // lacks a library is one that lacks it.
    const bool is_told = ran.outcome.status == 0;
    if (is_told) return;
    Machine machine = {without_temporaries(next.machine.files), next.machine.mounts};
    const auto account = machine.files.find(std::string(scenario_.account));
    if (account != machine.files.end()) account->second = entry(new_.files, account->first);
    if (machine != new_) defect(where_, cat("after the next run ", difference(machine)));
  }

  static std::string describe(const Fault& fault, const Made& call) {
    const std::string what =
        fault.errno_value == 0 ? "killed" : std::string(strerrorname_np(fault.errno_value));
    return cat("call ", fault.at, " ", name_of(call.number), " ", quote(call.path), " ", what);
  }

  std::string difference(const Machine& machine) const { return difference(machine, new_); }

  // The first thing that is not as it should be.
  static std::string difference(const Machine& machine, const Machine& wanted) {
    for (const auto& [path, found] : wanted.files) {
      if (entry(machine.files, path) != found) return cat(path, " is not as it should be");
    }
    for (const auto& [path, found] : machine.files) {
      if (!wanted.files.contains(path)) return cat(path, " is too much");
    }
    for (const std::string& mount : machine.mounts) {
      if (std::ranges::find(wanted.mounts, mount) == wanted.mounts.end()) {
        return cat("a mount too much: ", mount);
      }
    }
    for (const std::string& mount : wanted.mounts) {
      if (std::ranges::find(machine.mounts, mount) == machine.mounts.end()) {
        return cat("a mount is missing: ", mount);
      }
    }
    return "nothing is wrong";
  }

  bool defect(std::string_view where, std::string_view what) {
    ++totals_.defects;
    std::printf("%s: %s: %s\n", std::string(scenario_.name).c_str(), std::string(where).c_str(),
                std::string(what).c_str());
    for (const std::string& line : said_) {
      if (!line.empty() && !usual_lines_.contains(line)) std::printf("    %s\n", line.c_str());
    }
    return false;
  }

  const Scenario& scenario_;
  Machine old_;
  Machine new_;
  std::vector<Made> calls_;
  std::set<std::string> usual_lines_;
  size_t step_ = 1;
  std::string where_;
  std::set<std::string> said_;
  Totals totals_;
};

// Mounts of this program are nobody else's, and the commands find no nvbox that ran before.
bool enter_own_namespace() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         (mkdir(std::string(base).c_str(), 0755) == 0 || errno == EEXIST);
}

int run_scenario(const Scenario& scenario, bool is_long) {
  Judge judge(scenario);
  const Totals totals = judge.run(is_long);
  std::printf(
      "%-33s %5zu calls %6ld faults: %5ld refused %5ld done %5ld done in part %5ld killed, "
      "%ld defects\n",
      std::string(scenario.name).c_str(), judge.calls(), totals.injected, totals.refused,
      totals.whole, totals.warned, totals.killed, totals.defects);
  return totals.defects == 0 ? 0 : 1;
}

// Takes the positions of scenarios out of a pipe until there are none.
int work(int queue, bool is_long) {
  int status = 0;
  unsigned char position = 0;
  while (read(queue, &position, 1) == 1) {
    if (run_scenario(scenarios()[position], is_long) != 0) status = 1;
    std::fflush(stdout);
  }
  return status;
}

// As many at a time as there are processors, each with mounts of its own.
int run_all(const std::set<std::string_view>& chosen, bool is_long) {
  int queue[2];
  if (pipe2(queue, O_CLOEXEC) != 0) return 1;
  for (unsigned char i = 0; i < scenarios().size(); ++i) {
    const bool is_chosen = chosen.empty() || chosen.contains(scenarios()[i].name);
    if (is_chosen && write(queue[1], &i, 1) != 1) return 1;
  }
  close(queue[1]);
  const long workers = std::clamp(sysconf(_SC_NPROCESSORS_ONLN), 1L, 8L);
  for (long i = 0; i < workers; ++i) {
    if (fork() == 0) std::exit(enter_own_namespace() ? work(queue[0], is_long) : 1);
  }
  int result = 0;
  for (int status = 0; wait(&status) > 0;) {
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) result = 1;
  }
  return result;
}

}  // namespace
}  // namespace nvbox::faults

int main(int argc, char** argv) {
  if (!nvbox::faults::enter_own_namespace()) {
    std::perror("faults: make a mount namespace");
    return 77;
  }
  const char* const wish = std::getenv("NVBOX_LONG");
  const bool is_long = wish != nullptr && std::string_view(wish) == "1";
  return nvbox::faults::run_all({argv + 1, argv + argc}, is_long);
}
