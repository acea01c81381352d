#include "nvbox/sys/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "nvbox/base/text.h"
#include "nvbox/sys/file.h"
#include "nvbox/sys/kernel.h"

namespace nvbox::sys {
namespace {

// What the child was doing when it failed, told to the parent over a pipe.
enum class Stage : int { streams, root, directory, program };

struct Failure {
  Stage stage;
  int errno_value;
};

std::string describe(Stage stage, const Program& program) {
  switch (stage) {
    case Stage::streams:
      return "set up its standard streams";
    case Stage::root:
      return cat("change its root to ", program.root);
    case Stage::directory:
      return cat("change its directory to ", program.directory);
    case Stage::program:
      return "execute it";
  }
  return "start it";
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  // execve(2) does not write to them.
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// Everything that the child needs, made before the fork: between fork and exec it may only call
// what is safe in a signal handler.
struct Prepared {
  const Program& program;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int streams[3];
  int report;
};

[[noreturn]] void fail(const Prepared& prepared, Stage stage) {
  const Failure failure{stage, errno};
  (void)!write(prepared.report, &failure, sizeof failure);
  _exit(127);
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)std::signal(SIGPIPE, SIG_DFL);
}

// Copies above the three first, so that none is overwritten before it was used.
void set_up_streams(const Prepared& prepared) {
  int copies[3];
  for (int number = 0; number < 3; ++number) {
    copies[number] = fcntl(prepared.streams[number], F_DUPFD_CLOEXEC, 3);
    if (copies[number] < 0) fail(prepared, Stage::streams);
  }
  for (int number = 0; number < 3; ++number) {
    if (dup2(copies[number], number) < 0) fail(prepared, Stage::streams);
  }
}

[[noreturn]] void run_child(const Prepared& prepared) {
  const Program& program = prepared.program;
  reset_signals();
  set_up_streams(prepared);
  if (program.root != "/" && chroot(program.root.c_str()) != 0) fail(prepared, Stage::root);
  if (chdir(program.directory.c_str()) != 0) fail(prepared, Stage::directory);
  close_on_exec_from(3);
  execve(program.path.c_str(), prepared.arguments.data(), prepared.environment.data());
  fail(prepared, Stage::program);
}

// Returns when the program runs (its end of the pipe closed) or with what kept it from running.
std::optional<Failure> read_failure(const Fd& reports) {
  Failure failure{};
  ssize_t count = 0;
  do {
    count = read(reports.get(), &failure, sizeof failure);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof failure) return std::nullopt;
  return failure;
}

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

// Sleeps until the process ended or the time is over; without a pidfd in short turns.
void sleep_until_end(const Fd& pidfd, std::int64_t timeout_ms) {
  constexpr std::int64_t turn_ms = 5;
  pollfd waiting{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  const std::int64_t time = pidfd ? timeout_ms : std::min(timeout_ms, turn_ms);
  (void)poll(&waiting, pidfd ? 1 : 0, static_cast<int>(time));
}

}  // namespace

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}

Child::~Child() {
  if (pid_ == 0) return;
  // Not reaped yet, so the number cannot be another process'.
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<std::optional<ExitStatus>> Child::wait(int timeout_ms) {
  if (pid_ == 0) return Error("wait for a process", ECHILD);
  const std::int64_t end = now_ms() + timeout_ms;
  while (true) {
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, WNOHANG);
    if (reaped < 0 && errno != EINTR) return Error(cat("wait for process ", pid_), errno);
    if (reaped > 0) {
      pid_ = 0;
      if (WIFSIGNALED(status)) return std::optional(ExitStatus{.signal = WTERMSIG(status)});
      return std::optional(ExitStatus{.code = WEXITSTATUS(status)});
    }
    const std::int64_t left = end - now_ms();
    if (left <= 0) return std::optional<ExitStatus>();
    sleep_until_end(pidfd_, left);
  }
}

Result<> exec_program(const std::string& path, std::span<const std::string_view> arguments,
                      char* const* environment) {
  std::vector<std::string> words = {path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execve(path.c_str(), pointers.data(), environment);
  return Error(cat("run ", path), errno);
}

Result<Child> spawn(const Program& program) {
  const std::string context = cat("run ", program.path);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error("make a pipe", errno);
  const Fd reports(ends[0]);
  // Above the standard streams, which the child replaces.
  Fd report(fcntl(ends[1], F_DUPFD_CLOEXEC, 3));
  close(ends[1]);
  if (!report) return Error("duplicate a descriptor", errno);
  const Fd null = NVBOX_TRY(open_path("/dev/null", O_RDWR));
  const auto stream = [&null](int fd) { return fd >= 0 ? fd : null.get(); };
  const Prepared prepared{
      .program = program,
      .arguments = pointers(program.arguments),
      .environment = pointers(program.environment),
      .streams = {stream(program.input), stream(program.output), stream(program.error)},
      .report = report.get()};
  const pid_t pid = fork();
  if (pid < 0) return Error("fork", errno).in(context);
  if (pid == 0) run_child(prepared);
  report.reset();
  Child child(pid, Fd(pidfd_open(pid)));
  const std::optional<Failure> failure = read_failure(reports);
  if (failure) {
    return Error(describe(failure->stage, program), failure->errno_value).in(context);
  }
  return child;
}

}  // namespace nvbox::sys
