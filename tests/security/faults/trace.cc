#include "trace.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>

#include "base/text.h"

namespace nvbox::faults {
namespace {

constexpr int setup_failed = 125;

// Which argument of a call is a path.
struct PathArgument {
  int number;
  size_t position;
};

constexpr PathArgument path_arguments[] = {
    {SYS_openat, 1},       {SYS_openat2, 1},   {SYS_newfstatat, 1}, {SYS_readlinkat, 1},
    {SYS_mkdirat, 1},      {SYS_mknodat, 1},   {SYS_unlinkat, 1},   {SYS_symlinkat, 2},
    {SYS_fchmodat, 1},     {SYS_fchownat, 1},  {SYS_faccessat, 1},  {SYS_open_tree, 1},
    {SYS_renameat, 3},     {SYS_renameat2, 3}, {SYS_linkat, 3},     {SYS_move_mount, 3},
    {SYS_statx, 1},        {SYS_umount2, 0},   {SYS_mount, 1},      {SYS_execve, 0},
    {SYS_memfd_create, 0},
#ifdef SYS_open
    {SYS_open, 0},         {SYS_stat, 0},      {SYS_readlink, 0},   {SYS_mkdir, 0},
    {SYS_unlink, 0},       {SYS_chmod, 0},     {SYS_rename, 1},     {SYS_access, 0},
#endif
};

constexpr int file_changes[] = {
    SYS_write,         SYS_pwrite64,  SYS_writev,    SYS_mkdirat,         SYS_mknodat,
    SYS_unlinkat,      SYS_symlinkat, SYS_linkat,    SYS_renameat,        SYS_renameat2,
    SYS_fchmod,        SYS_fchmodat,  SYS_fchown,    SYS_fchownat,        SYS_ftruncate,
    SYS_fallocate,     SYS_fsync,     SYS_fdatasync, SYS_mount,           SYS_umount2,
    SYS_move_mount,    SYS_fsmount,   SYS_sendfile,  SYS_copy_file_range, SYS_utimensat,
    SYS_mount_setattr,
#ifdef SYS_open
    SYS_mkdir,         SYS_mknod,     SYS_unlink,    SYS_symlink,         SYS_link,
    SYS_rename,        SYS_chmod,     SYS_chown,
#endif
};

constexpr int interruptible[] = {
    SYS_read,      SYS_pread64, SYS_readv,     SYS_write,     SYS_pwrite64,  SYS_writev,
    SYS_openat,    SYS_openat2, SYS_wait4,     SYS_waitid,    SYS_ppoll,     SYS_fsync,
    SYS_fdatasync, SYS_flock,   SYS_sendto,    SYS_recvfrom,  SYS_sendmsg,   SYS_recvmsg,
    SYS_connect,   SYS_accept4, SYS_getrandom, SYS_ftruncate, SYS_fallocate, SYS_close,
#ifdef SYS_open
    SYS_open,      SYS_poll,
#endif
};

bool ends_process(int number) {
  return number == SYS_exit || number == SYS_exit_group || number == SYS_rt_sigreturn;
}

// Only so that waitpid(2) returns.
void on_alarm(int /*signal*/) {}

class Alarm {
 public:
  Alarm() {
    struct sigaction action {};
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, nullptr);
    alarm(most_seconds);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { alarm(0); }
};

// The arguments as execve(2) takes them.
std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

[[noreturn]] void become(const Command& command, int input, int messages) {
  const std::vector<char*> arguments = pointers(command.arguments);
  const std::vector<char*> environment = pointers(command.environment);
  const bool is_ready =
      (command.mount_namespace < 0 || setns(command.mount_namespace, CLONE_NEWNS) == 0) &&
      chdir("/") == 0 && dup2(input, 0) == 0 && dup2(messages, 1) == 1 && dup2(messages, 2) == 2 &&
      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0;
  if (is_ready) execve(arguments[0], arguments.data(), environment.data());
  _exit(setup_failed);
}

// A file in memory, read from its start.
int file_with(std::string_view text) {
  const int fd = memfd_create("faults", MFD_CLOEXEC);
  if (fd < 0 || write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return -1;
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

std::string text_of(int fd) {
  std::string text;
  char buffer[4096];
  lseek(fd, 0, SEEK_SET);
  for (ssize_t count = 0; (count = read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

// The bytes of a traced process up to the first zero.
std::string string_at(pid_t pid, std::uint64_t address) {
  char buffer[256] = {};
  iovec local = {buffer, sizeof buffer - 1};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address in another process.
  iovec remote = {reinterpret_cast<void*>(address), sizeof buffer - 1};
  if (process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0) return buffer;
  // The string may end just before a page that is not there.
  std::string text;
  for (char byte = 0; text.size() < sizeof buffer; ++address) {
    local = {&byte, 1};
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    remote = {reinterpret_cast<void*>(address), 1};
    if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != 1 || byte == 0) break;
    text += byte;
  }
  return text;
}

bool creates_file(pid_t pid, int number, const std::uint64_t* arguments) {
  if (number == SYS_openat) return (arguments[2] & O_CREAT) != 0;
  if (number != SYS_openat2) return false;
  open_how how{};
  iovec local = {&how, sizeof how};
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  iovec remote = {reinterpret_cast<void*>(arguments[2]), sizeof how};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0 && (how.flags & O_CREAT) != 0;
}

Made describe(pid_t pid, int number, const std::uint64_t* arguments) {
  Made made = {.number = number, .creates = creates_file(pid, number, arguments)};
  const auto* const row = std::ranges::find(path_arguments, number, &PathArgument::number);
  if (row != std::end(path_arguments)) made.path = string_at(pid, arguments[row->position]);
  return made;
}

// The kernel runs no call of this number, and the program gets what is put in the place of the
// result afterwards (ptrace(2); seccomp's tracers do the same).
bool skip_call(pid_t pid) {
#if defined(__x86_64__)
  return ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, orig_rax), -1L) == 0;
#else
  int none = -1;
  iovec words = {&none, sizeof none};
  return ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &words) == 0;
#endif
}

bool set_result(pid_t pid, long value) {
#if defined(__x86_64__)
  return ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, rax), value) == 0;
#else
  user_regs_struct registers{};
  iovec words = {&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &words) != 0) return false;
  registers.regs[0] = static_cast<std::uint64_t>(value);
  return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &words) == 0;
#endif
}

// The first argument of a call; on aarch64 the result comes to be in its place.
bool set_argument(pid_t pid, std::uint64_t value) {
#if defined(__x86_64__)
  return ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, rdi), value) == 0;
#else
  return set_result(pid, static_cast<long>(value));
#endif
}

// How the kernel fails a call.
enum class Failing {
  skipped,        // it does nothing
  done,           // close(2) frees the descriptor whatever it returns
  without_errno,  // brk(2) returns the break as it was, like brk(0), which does nothing
};

Failing failing_of(int number) {
  if (number == SYS_close) return Failing::done;
  return number == SYS_brk ? Failing::without_errno : Failing::skipped;
}

class Tracer {
 public:
  Tracer(pid_t root, std::optional<Fault> fault) : root_(root), fault_(fault) {}

  Outcome run() {
    const Alarm alarm;
    watched_.emplace(root_, Watched{});
    while (!is_root_done_ || !watched_.empty()) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno != EINTR) break;
      if (pid < 0) {
        stop_all();
      } else {
        handle(pid, status);
      }
    }
    return std::move(outcome_);
  }

 private:
  struct Watched {
    std::optional<Failing> failing{};  // of the call that it is in
    std::uint64_t argument = 0;        // of that call
    bool is_new = false;               // it has not stopped yet
  };

  void stop_all() {
    outcome_.is_stuck = true;
    for (const auto& [pid, state] : watched_) kill(pid, SIGKILL);
    kill(root_, SIGKILL);
  }

  void finish(pid_t pid, int status) {
    watched_.erase(pid);
    if (pid != root_) return;
    is_root_done_ = true;
    outcome_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void handle(pid_t pid, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) return finish(pid, status);
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (!is_started_) {
      is_started_ = true;
      ptrace(PTRACE_SETOPTIONS, pid, nullptr,
             PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
      resume(pid, 0);
    } else if (signal == (SIGTRAP | 0x80)) {
      on_call(pid);
    } else if (event == PTRACE_EVENT_EXEC) {
      watched_.erase(pid);
      ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    } else if (event != 0) {
      unsigned long made = 0;
      ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &made);
      watched_.emplace(static_cast<pid_t>(made), Watched{.is_new = true});
      resume(pid, 0);
    } else {
      // A new process stops once by SIGSTOP, which is not for it, before or after its parent does.
      const bool is_new = watched_.emplace(pid, Watched{.is_new = true}).first->second.is_new;
      watched_[pid].is_new = false;
      resume(pid, is_new && signal == SIGSTOP ? 0 : signal);
    }
  }

  static void resume(pid_t pid, int signal) {
    ptrace(PTRACE_SYSCALL, pid, nullptr, static_cast<long>(signal));
  }

  void on_call(pid_t pid) {
    __ptrace_syscall_info info{};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the size stands in the place of an address.
    ptrace(PTRACE_GET_SYSCALL_INFO, pid, reinterpret_cast<void*>(sizeof info), &info);
    Watched& watched = watched_[pid];
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      if (!enter(pid, static_cast<int>(info.entry.nr), info.entry.args, watched)) return;
    } else if (watched.failing) {
      leave(pid, watched);
    }
    resume(pid, 0);
  }

  // False when the process is no more.
  bool enter(pid_t pid, int number, const std::uint64_t* arguments, Watched& watched) {
    if (ends_process(number)) return true;
    const auto at = static_cast<long>(outcome_.calls.size());
    const bool is_before = !fault_ || at <= fault_->at;
    outcome_.calls.push_back(is_before ? describe(pid, number, arguments) : Made{number});
    if (!fault_ || at != fault_->at) return true;
    outcome_.is_hit = true;
    if (fault_->errno_value == 0) {
      kill(pid, SIGKILL);
      return false;
    }
    watched.failing = failing_of(number);
    watched.argument = arguments[0];
    if (watched.failing == Failing::skipped) skip_call(pid);
    if (watched.failing == Failing::without_errno) set_argument(pid, 0);
    return true;
  }

  void leave(pid_t pid, Watched& watched) {
    if (watched.failing != Failing::without_errno) {
      set_result(pid, -fault_->errno_value);
#if defined(__x86_64__)
    } else {
      // A call leaves its arguments as they are.
      set_argument(pid, watched.argument);
#endif
    }
    watched.failing.reset();
  }

  pid_t root_;
  std::optional<Fault> fault_;
  bool is_started_ = false;
  bool is_root_done_ = false;
  std::map<pid_t, Watched> watched_;
  Outcome outcome_;
};

}  // namespace

Result<Outcome> run(const Command& command, std::optional<Fault> fault) {
  const int input = file_with(command.input);
  const int messages = file_with("");
  if (input < 0 || messages < 0) return Error("make files for a run", errno);
  const pid_t pid = fork();
  if (pid < 0) return Error("fork", errno);
  if (pid == 0) become(command, input, messages);
  Outcome outcome = Tracer(pid, fault).run();
  outcome.messages = text_of(messages);
  close(input);
  close(messages);
  if (outcome.status == setup_failed) return Error(cat("cannot run ", command.arguments[0]));
  return outcome;
}

std::string name_of(int number) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
  return name ? name.get() : cat(number);
}

bool changes_files(const Made& call) {
  return call.creates || std::ranges::find(file_changes, call.number) != std::end(file_changes);
}

bool is_interruptible(int number) {
  return std::ranges::find(interruptible, number) != std::end(interruptible);
}

}  // namespace nvbox::faults
