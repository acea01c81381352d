#include "sys/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "sys/confine.h"
#include "sys/file.h"

namespace nvbox::sys {
namespace {

constexpr int soon_ms = 20000;
constexpr Patience soon = {soon_ms};

// What a shell command writes, once it ended well.
std::string output_of(const std::string& command, std::vector<std::string> environment = {}) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Fd from(ends[0]);
  Fd to(ends[1]);
  Result<Child> child = spawn({.path = "/bin/sh",
                               .arguments = {"sh", "-c", command},
                               .environment = std::move(environment),
                               .output = to.get()});
  if (!child) return child.error().message();
  to.reset();
  std::string text = read_all(from.get(), 100000).value();
  EXPECT_EQ(child->wait(soon_ms).value(), ExitStatus{});
  return text;
}

TEST(Process, starts_in_the_root_directory_without_our_environment) {
  ASSERT_EQ(setenv("NVBOX_TEST_SECRET", "1", 1), 0);
  EXPECT_EQ(output_of("pwd; echo \"$NVBOX_TEST_SECRET$HOME\""), "/\n\n");
}

TEST(Process, has_no_descriptor_of_ours_but_its_streams) {
  const int left_open = open("/dev/zero", O_RDONLY);
  ASSERT_GE(left_open, 0);
  const Fd owner(left_open);
  EXPECT_FALSE(output_of("ls -l /proc/self/fd").contains("/dev/zero"));
}

TEST(Process, has_the_environment_that_it_is_given) {
  EXPECT_EQ(output_of("echo $PATH $NAME", {"PATH=/sbin", "NAME=a b"}), "/sbin a b\n");
}

TEST(Process, tells_how_it_ended) {
  Result<Child> child = spawn({.path = "/bin/sh", .arguments = {"sh", "-c", "exit 7"}});
  ASSERT_TRUE(child);
  EXPECT_EQ(child->wait(soon_ms).value(), (ExitStatus{.code = 7}));
  Result<Child> killed = spawn({.path = "/bin/sh", .arguments = {"sh", "-c", "kill -9 $$"}});
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->wait(soon_ms).value(), (ExitStatus{.signal = SIGKILL}));
}

TEST(Process, that_cannot_start_is_an_error_with_the_reason) {
  EXPECT_EQ(spawn({.path = "/does/not/exist", .arguments = {"x"}}).error().message(),
            "run /does/not/exist: execute it: No such file or directory");
  EXPECT_EQ(
      spawn({.path = "/bin/sh", .arguments = {"sh"}, .directory = "/nowhere"}).error().message(),
      "run /bin/sh: change its directory to /nowhere: No such file or directory");
}

TEST(Process, ends_with_its_owner) {
  pid_t pid = 0;
  {
    Result<Child> sleeper = spawn({.path = "/bin/sleep", .arguments = {"sleep", "1000"}});
    ASSERT_TRUE(sleeper);
    EXPECT_EQ(sleeper->wait(1).value(), std::nullopt);
    pid = sleeper->pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

Program shell(std::string command) {
  return {.path = "/bin/sh", .arguments = {"sh", "-c", std::move(command)}};
}

TEST(RunToEnd, collects_both_streams_and_how_it_ended) {
  const Result<Outcome> outcome =
      run_to_end(shell("echo one; echo two >&2; echo three; exit 3"), soon, 100);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->status, ExitStatus{.code = 3});
  EXPECT_EQ(outcome->output, "one\nthree\n");
  EXPECT_EQ(outcome->error, "two\n");
}

TEST(RunToEnd, does_not_wait_for_the_input_that_nobody_gives) {
  const Result<Outcome> outcome = run_to_end(shell("read line || echo none"), soon, 100);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->status, ExitStatus{});
  EXPECT_EQ(outcome->output, "none\n");
}

TEST(RunToEnd, has_what_was_written_before_it_took_too_long) {
  Outcome outcome;
  // As long as this machine needs for the first words.
  for (int timeout_ms = 100; timeout_ms < soon_ms && outcome.output.empty(); timeout_ms *= 2) {
    auto next = run_to_end(shell("echo begun; echo why >&2; exec sleep 1000"), {timeout_ms}, 100);
    ASSERT_TRUE(next) << next.error().message();
    ASSERT_EQ(next->status, std::nullopt);
    outcome = std::move(next).value();
  }
  EXPECT_EQ(outcome.output, "begun\n");
}

TEST(RunToEnd, refuses_more_than_the_limit) {
  const Result<Outcome> whole = run_to_end(shell("printf 1234; printf 5678 >&2"), soon, 4);
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->output, "1234");
  EXPECT_EQ(whole->error, "5678");
  for (const std::string command : {"printf 12345", "printf 12345 >&2"}) {
    const Result<Outcome> more = run_to_end(shell(command), soon, 4);
    ASSERT_FALSE(more) << command;
    EXPECT_EQ(more.error().code(), EFBIG);
    EXPECT_EQ(more.error().message(),
              "/bin/sh: output: larger than the limit of 4 bytes: File too large");
  }
}

// Each silence is shorter than what the program takes as a whole.
TEST(RunToEnd, waits_from_one_output_to_the_next_where_that_is_asked) {
  const Patience patience = {.total_ms = soon_ms, .silence_ms = 2000};
  const auto run = [&](std::string script) {
    return run_to_end({.path = "/bin/sh", .arguments = {"sh", "-c", std::move(script)}}, patience,
                      100)
        .value();
  };
  const Outcome chatty = run("for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done");
  EXPECT_EQ(chatty.status, ExitStatus{});
  EXPECT_EQ(chatty.output, "1\n2\n3\n4\n5\n6\n");
  const Outcome stuck = run("echo begun; sleep 60");
  EXPECT_EQ(stuck.status, std::nullopt);
  EXPECT_EQ(stuck.output, "begun\n");
}

TEST(RunToEnd, does_not_wait_for_ever_for_what_never_falls_silent) {
  const Result<Outcome> outcome =
      run_to_end(shell("while echo; do sleep 0.05; done"),
                 {.total_ms = 1000, .silence_ms = soon_ms}, size_t{1} << 20);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->status, std::nullopt);
  EXPECT_NE(outcome->output, "");
  const Result<Outcome> chatty = run_to_end(shell("while echo; do sleep 0.05; done"),
                                            {.total_ms = 1000, .silence_ms = 500}, size_t{1} << 20);
  ASSERT_TRUE(chatty) << chatty.error().message();
  EXPECT_EQ(chatty->status, std::nullopt);
}

TEST(RunToEnd, of_what_cannot_start_is_an_error) {
  const Result<Outcome> outcome =
      run_to_end({.path = "/does/not/exist", .arguments = {"x"}}, soon, 100);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ENOENT);
  EXPECT_EQ(outcome.error().message(),
            "run /does/not/exist: execute it: No such file or directory");
}

TEST(LastWords, are_the_last_line_of_the_error_stream_or_how_it_ended) {
  EXPECT_EQ(last_words({.status = ExitStatus{.code = 1}, .output = "x", .error = "one\ntwo\n\n"}),
            "two");
  EXPECT_EQ(last_words({.status = ExitStatus{}, .error = "a\x1b[1m\r\n"}), R"(a\x1b[1m)");
  EXPECT_EQ(last_words({.status = ExitStatus{.code = 7}, .error = " \n"}), "its status was 7");
  EXPECT_EQ(last_words({.status = ExitStatus{.signal = 11}}), "it was ended by signal 11");
  EXPECT_EQ(last_words({}), "it did not end");
}

Fd copy_in_memory(const std::string& path) {
  Fd copy(memfd_create("program", MFD_CLOEXEC));
  const Fd file = open_path(path, O_RDONLY).value();
  EXPECT_TRUE(write_all(copy.get(), read_all(file.get(), size_t{64} << 20).value()));
  return copy;
}

TEST(Image, is_executed_whatever_the_path_says) {
  const Fd image = copy_in_memory("/bin/sh");
  Program program = shell("echo \"$0 $1\"");
  program.arguments.insert(program.arguments.end(), {"zero", "one"});
  program.path = "the program in memory";
  program.image = image.get();
  const Result<Outcome> outcome = run_to_end(program, soon, 100);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->status, ExitStatus{});
  EXPECT_EQ(outcome->output, "zero one\n");
}

TEST(Image, that_is_no_program_is_an_error) {
  const Fd image(memfd_create("nonsense", MFD_CLOEXEC));
  ASSERT_TRUE(write_all(image.get(), "nonsense"));
  EXPECT_EQ(spawn({.path = "nonsense", .arguments = {"x"}, .image = image.get()}).error().message(),
            "run nonsense: execute it: Exec format error");
}

// What small programs of any C library do.
constexpr const char* usual_calls[] = {"access",
                                       "arch_prctl",
                                       "brk",
                                       "clock_nanosleep",
                                       "close",
                                       "exit",
                                       "exit_group",
                                       "faccessat",
                                       "fadvise64",
                                       "fcntl",
                                       "fstat",
                                       "futex",
                                       "getegid",
                                       "geteuid",
                                       "getgid",
                                       "getrandom",
                                       "gettid",
                                       "getuid",
                                       "ioctl",
                                       "lseek",
                                       "mmap",
                                       "mprotect",
                                       "mremap",
                                       "munmap",
                                       "nanosleep",
                                       "newfstatat",
                                       "open",
                                       "openat",
                                       "poll",
                                       "pread64",
                                       "prlimit64",
                                       "read",
                                       "readlink",
                                       "readlinkat",
                                       "rseq",
                                       "rt_sigaction",
                                       "rt_sigprocmask",
                                       "sched_getaffinity",
                                       "set_robust_list",
                                       "set_tid_address",
                                       "sigaltstack",
                                       "stat",
                                       "statx",
                                       "write",
                                       "writev"};

Confinement confined_to(std::vector<AllowedCall> more) {
  for (const char* const name : usual_calls) more.push_back({name});
  return {.system_calls = allow_list(more).value(), .most_file_bytes = 8192};
}

// The lines that begin so.
std::string lines_of(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) {
    for (const std::string_view beginning : beginnings) {
      if (line.starts_with(beginning)) out += cat(trim(line), "\n");
    }
  }
  return out;
}

TEST(Confinement, leaves_no_capability_and_no_way_to_gain_one) {
  const Result<Outcome> outcome = run_to_end({.path = "/bin/cat",
                                              .arguments = {"cat", "/proc/self/status"},
                                              .confinement = confined_to({{"execve"}})},
                                             soon, 8192);
  ASSERT_TRUE(outcome) << outcome.error().message();
  ASSERT_EQ(outcome->status, ExitStatus{}) << outcome->error;
  EXPECT_EQ(lines_of(outcome->output,
                     {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:", "NoNewPrivs:", "Seccomp:"}),
            "CapInh:\t0000000000000000\n"
            "CapPrm:\t0000000000000000\n"
            "CapEff:\t0000000000000000\n"
            "CapAmb:\t0000000000000000\n"
            "NoNewPrivs:\t1\n"
            "Seccomp:\t2\n");
}

TEST(Confinement, leaves_no_core_dump_and_limits_files) {
  const Result<Outcome> outcome = run_to_end({.path = "/bin/cat",
                                              .arguments = {"cat", "/proc/self/limits"},
                                              .confinement = confined_to({{"execve"}})},
                                             soon, 8192);
  ASSERT_TRUE(outcome) << outcome.error().message();
  ASSERT_EQ(outcome->status, ExitStatus{}) << outcome->error;
  EXPECT_EQ(lines_of(outcome->output, {"Max file size", "Max core file size"}),
            "Max file size             8192                 8192                 bytes\n"
            "Max core file size        0                    0                    bytes\n");
}

TEST(Confinement, ends_a_program_that_writes_without_end) {
  // What is ignored here would be ignored there.
  ASSERT_NE(std::signal(SIGXFSZ, SIG_DFL), SIG_ERR);
  const Result<Outcome> outcome = run_to_end({.path = "/bin/cat",
                                              .arguments = {"cat", "/dev/zero"},
                                              .confinement = confined_to({{"execve"}})},
                                             soon, 8192);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->status, ExitStatus{.signal = SIGXFSZ});
  EXPECT_EQ(outcome->output, std::string(8192, '\0'));
}

TEST(Confinement, makes_a_call_that_is_not_in_its_list_fail) {
  EXPECT_EQ(spawn({.path = "/bin/true", .arguments = {"true"}, .confinement = confined_to({})})
                .error()
                .message(),
            "run /bin/true: execute it: Function not implemented");
}

TEST(Confinement, without_a_list_is_an_error) {
  EXPECT_EQ(spawn({.path = "/bin/true",
                   .arguments = {"true"},
                   .confinement = Confinement{.system_calls = {}, .most_file_bytes = 8192}})
                .error()
                .message(),
            "run /bin/true: confine it: Invalid argument");
}

TEST(Confinement, can_allow_to_execute_the_image_and_nothing_else) {
  const Fd image = copy_in_memory("/bin/cat");
  const auto number = static_cast<std::uint64_t>(image.get());
  const AllowedCall become_it = {"execveat", 0, ~std::uint32_t{0}, number};
  const Result<Outcome> outcome = run_to_end({.path = "a copy of cat",
                                              .arguments = {"cat", "/proc/self/comm"},
                                              .image = image.get(),
                                              .confinement = confined_to({become_it})},
                                             soon, 100);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->status, ExitStatus{}) << outcome->error;
  EXPECT_FALSE(outcome->output.empty());
  const Fd other = copy_in_memory("/bin/cat");
  EXPECT_EQ(spawn({.path = "another copy",
                   .arguments = {"cat"},
                   .image = other.get(),
                   .confinement = confined_to({become_it})})
                .error()
                .message(),
            "run another copy: execute it: Function not implemented");
}

// A file that everybody may change, in a directory of its own.
struct OpenFile {
  OpenFile() {
    std::string name = (std::filesystem::temp_directory_path() / "nvbox-XXXXXX").string();
    directory = mkdtemp(name.data());
    chmod(directory.c_str(), 0777);
    path = directory + "/file";
    const Fd file = open_path(path, O_WRONLY | O_CREAT, 0666).value();
    EXPECT_EQ(fchmod(file.get(), 0666), 0);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { std::filesystem::remove_all(directory); }

  std::string directory;
  std::string path;
};

// landlock(7): what the rules do not allow fails with EACCES, whoever one is.
TEST(Confinement, lets_it_write_to_its_places_only) {
  if (!write_only_below({}).value()) GTEST_SKIP() << "this kernel has no Landlock";
  const OpenFile inside;
  const OpenFile outside;
  Confinement confinement = confined_to({{"execve"}, {"dup2"}, {"umask"}, {"geteuid"}});
  for (const std::string& place : {inside.path, inside.directory}) {
    confinement.writable = {place, "/does/not/exist"};
    const auto try_to_write = [&](const std::string& path) {
      Program program =
          shell(cat("exec 5<", path, " && echo read; exec 6>", path, " && echo x >&6"));
      program.confinement = confinement;
      return run_to_end(program, soon, 1000).value();
    };
    const Outcome allowed = try_to_write(inside.path);
    EXPECT_EQ(allowed.status, ExitStatus{}) << allowed.error;
    const Outcome refused = try_to_write(outside.path);
    EXPECT_EQ(refused.output, "read\n");
    EXPECT_TRUE(refused.error.contains("Permission denied")) << refused.error;
    EXPECT_NE(refused.status, ExitStatus{});
    const Outcome made = try_to_write(inside.directory + "/new");
    EXPECT_NE(made.status, ExitStatus{});
  }
  EXPECT_EQ(std::filesystem::file_size(inside.path), 2U);
  EXPECT_EQ(std::filesystem::file_size(outside.path), 0U);
}

std::string users_of(std::optional<std::vector<NeededFile>> enough) {
  Confinement confinement = confined_to({{"execve"}});
  confinement.enough_for_nobody = std::move(enough);
  const Result<Outcome> outcome = run_to_end({.path = "/bin/cat",
                                              .arguments = {"cat", "/proc/self/status"},
                                              .confinement = std::move(confinement)},
                                             soon, 8192);
  if (!outcome) return outcome.error().message();
  return lines_of(outcome->output, {"Uid:", "Gid:", "Groups:", "CapPrm:"});
}

// 65534 is the overflow user of proc(5), "nobody" of the Linux Standard Base's passwd.
TEST(Confinement, makes_root_nobody_where_that_user_may_use_what_is_needed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const OpenFile file;
  const std::string nobody =
      "Uid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\nGroups:\n"
      "CapPrm:\t0000000000000000\n";
  const std::string before = users_of(std::nullopt);
  EXPECT_NE(before, nobody);
  EXPECT_EQ(users_of(std::vector<NeededFile>{}), nobody);
  EXPECT_EQ(users_of({{{file.path, R_OK | W_OK}}}), nobody);
  EXPECT_EQ(users_of({{{file.path, R_OK | W_OK}, {"/does/not/exist", R_OK}}}), before);
  ASSERT_EQ(chmod(file.path.c_str(), 0644), 0);
  EXPECT_EQ(users_of({{{file.path, R_OK}}}), nobody);
  EXPECT_EQ(users_of({{{file.path, R_OK | W_OK}}}), before);
  ASSERT_EQ(chmod(file.path.c_str(), 0666), 0);
  ASSERT_EQ(chmod(file.directory.c_str(), 0700), 0);
  EXPECT_EQ(users_of({{{file.path, R_OK}}}), before);
}

TEST(Confinement, ends_the_program_with_its_parent) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Fd from(ends[0]);
  Fd to(ends[1]);
  const Program sleeper = {.path = "/bin/sleep",
                           .arguments = {"sleep", "60"},
                           .output = to.get(),
                           .confinement = confined_to({{"execve"}})};
  const pid_t parent = fork();
  if (parent == 0) {
    const Result<Child> child = spawn(sleeper);
    _exit(child ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(parent, &status, 0), parent);
  ASSERT_EQ(status, 0);
  to.reset();
  pollfd waiting{.fd = from.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&waiting, 1, soon_ms), 1) << "it still holds the other end of the pipe";
  EXPECT_EQ(waiting.revents, POLLHUP);
}

}  // namespace
}  // namespace nvbox::sys
