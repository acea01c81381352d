#include "sys/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/text.h"
#include "sys/confine.h"
#include "sys/file.h"
#include "sys/kernel.h"

namespace nvbox::sys {
namespace {

// What the child was doing when it failed, told to the parent over a pipe.
enum class Stage : int { streams, root, directory, confinement, program };

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
    case Stage::confinement:
      return "confine it";
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
  pid_t parent;
  std::optional<Confiner> confiner;
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

void execute(const Prepared& prepared) {
  char* const* arguments = prepared.arguments.data();
  char* const* environment = prepared.environment.data();
  const int image = prepared.program.image;
  if (image < 0) execve(prepared.program.path.c_str(), arguments, environment);
  if (image >= 0) execute_descriptor(image, arguments, environment);
}

[[noreturn]] void run_child(const Prepared& prepared) {
  const Program& program = prepared.program;
  reset_signals();
  set_up_streams(prepared);
  // While /proc is in sight.
  if (!close_on_exec_from(3)) fail(prepared, Stage::streams);
  if (program.root != "/" && chroot(program.root.c_str()) != 0) fail(prepared, Stage::root);
  if (chdir(program.directory.c_str()) != 0) fail(prepared, Stage::directory);
  if (prepared.confiner && !prepared.confiner->confine(prepared.parent)) {
    fail(prepared, Stage::confinement);
  }
  execute(prepared);
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

// Unlike a pipe it never makes the program wait for us.
Result<Fd> make_buffer() {
  Fd buffer(memfd_create("output", MFD_CLOEXEC));
  if (!buffer) return Error("make a buffer for the output", errno);
  return buffer;
}

Result<std::string> content_of(const Fd& buffer, size_t most_bytes) {
  if (lseek(buffer.get(), 0, SEEK_SET) != 0) return Error("read the output", errno);
  return read_all(buffer.get(), most_bytes).in("output");
}

}  // namespace

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}

Child::~Child() {
  if (pid_ == 0) return;
  constexpr int grace_ms = 200;
  // Not reaped yet, so the number cannot be another process'.
  kill(pid_, SIGKILL);
  (void)wait(grace_ms);
}

Result<std::optional<ExitStatus>> Child::wait(int timeout_ms) {
  if (pid_ == 0) return Error("wait for a process", ECHILD);
  const std::int64_t end = now_ms() + timeout_ms;
  while (true) {
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, WNOHANG);
    if (reaped < 0 && errno != EINTR) {
      const int failure = errno;
      // It is nobody's child any more, and its number may be somebody else's.
      if (failure == ECHILD) pid_ = 0;
      return Error("wait for a process", failure);
    }
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

Result<std::string> own_path() {
  // proc(5): what the link says of a file that is not there any more.
  constexpr std::string_view deleted = " (deleted)";
  const Fd self = NVBOX_TRY(open_path("/proc/self/exe", O_PATH));
  std::string path = NVBOX_TRY(path_of(self.get()));
  struct stat info {};
  if (!path.ends_with(deleted) || stat(path.c_str(), &info) == 0) return path;
  path.resize(path.size() - deleted.size());
  if (stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0) {
    return path;
  }
  return Error(cat("this program was removed since it was started: ", path), ENOENT)
      .hint("install nvbox again, and start the container again");
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
  std::optional<Confiner> confiner;
  if (program.confinement) {
    confiner = NVBOX_TRY(Confiner::prepare(*program.confinement, program.root).in(context));
  }
  const auto stream = [&null](int fd) { return fd >= 0 ? fd : null.get(); };
  const Prepared prepared{
      .program = program,
      .arguments = pointers(program.arguments),
      .environment = pointers(program.environment),
      .streams = {stream(program.input), stream(program.output), stream(program.error)},
      .report = report.get(),
      .parent = getpid(),
      .confiner = std::move(confiner)};
  // A caller that ignores it hands that on, and children then end without a word.
  (void)std::signal(SIGCHLD, SIG_DFL);
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

namespace {

off_t size_of(const Fd& file) {
  struct stat status {};
  return fstat(file.get(), &status) == 0 ? status.st_size : 0;
}

Result<std::optional<ExitStatus>> wait_patiently(Child& child, const Fd& output,
                                                 Patience patience) {
  const std::int64_t end = now_ms() + patience.total_ms;
  while (true) {
    const off_t before = size_of(output);
    const std::int64_t left = std::max<std::int64_t>(end - now_ms(), 0);
    const int turn = static_cast<int>(std::min<std::int64_t>(left, patience.silence_ms));
    const auto status = NVBOX_TRY(child.wait(turn));
    const bool is_silent = size_of(output) == before;
    if (status || is_silent || now_ms() >= end) return status;
  }
}

}  // namespace

Result<Outcome> run_to_end(Program program, Patience patience, size_t most_bytes) {
  const Fd output = NVBOX_TRY(make_buffer());
  const Fd error = NVBOX_TRY(make_buffer());
  program.output = output.get();
  program.error = error.get();
  Outcome outcome;
  {
    Child child = NVBOX_TRY(spawn(program));
    outcome.status = NVBOX_TRY(wait_patiently(child, output, patience).in(program.path));
  }
  outcome.output = NVBOX_TRY(content_of(output, most_bytes).in(program.path));
  outcome.error = NVBOX_TRY(content_of(error, most_bytes).in(program.path));
  return outcome;
}

namespace {

// Without signals from here on, so that no handler of the caller's runs in its copy.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

 private:
  sigset_t former_{};
};

[[noreturn]] void work_in_child(const std::function<Result<>()>& work, int report) {
  const Result<> done = work();
  const bool is_told = done || write_all(report, done.error().full_message());
  _exit(done && is_told ? 0 : 1);
}

}  // namespace

Result<> in_child(const std::function<Result<>()>& work) {
  constexpr size_t most_bytes = size_t{64} * 1024;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error("make a pipe", errno);
  const Fd reports(ends[0]);
  Fd report(ends[1]);
  const BlockedSignals blocked;
  const pid_t pid = fork();
  if (pid < 0) return Error("process creation failed", errno);
  if (pid == 0) work_in_child(work, report.get());
  report.reset();
  const Result<std::string> text = read_all(reports.get(), most_bytes);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(pid, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (!text) return text.error();
  if (!text->empty()) return Error(*text);
  // A caller that ignores SIGCHLD gets no status: then nothing was said against it.
  if (ended < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) return {};
  return Error(WIFSIGNALED(status)
                   ? cat("the process that did it was ended by signal ", WTERMSIG(status))
                   : "the process that did it failed");
}

std::string last_words(const Outcome& outcome) {
  const std::string_view text = trim(outcome.error);
  if (!text.empty()) return printable(trim(split(text, '\n').back()));
  if (!outcome.status) return "it did not end";
  if (outcome.status->signal != 0) return cat("it was ended by signal ", outcome.status->signal);
  return cat("its status was ", outcome.status->code);
}

}  // namespace nvbox::sys
