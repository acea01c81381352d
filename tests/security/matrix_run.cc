#include "matrix_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "namespaced/tree.h"
#include "support/open_watch.h"
#include "sys/fd.h"

namespace nvbox::test::matrix {
namespace {

// Far above what a program of ours needs, and little enough that a test machine has it.
constexpr rlim_t most_address_space = rlim_t{512} << 20;
constexpr long milliseconds = 1000;

// The container's first process, between the runtime's mounts and pivot_root(2).
class Container {
 public:
  Container(const Case& item, const Subject& subject) : item_(item), subject_(subject) {
    require(pipe2(to_parent_, O_CLOEXEC) == 0 && pipe2(to_child_, O_CLOEXEC) == 0, "pipe");
    pid_ = fork();
    require(pid_ >= 0, "fork");
    if (pid_ == 0) be_container();
    wait_for(to_parent_[0]);
    if (item.setting->has_user_namespace) map_users();
    tell(to_child_[1]);
    wait_for(to_parent_[0]);
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  std::string in_proc(std::string_view file) const { return cat("/proc/", pid_, "/", file); }

 private:
  static void tell(int fd) { require(write(fd, "x", 1) == 1, "tell the other process"); }
  static void wait_for(int fd) {
    char byte = 0;
    require(read(fd, &byte, 1) == 1, "wait for the other process");
  }

  void map_users() const {
    const std::string map = cat("0 ", item_.setting->uid, " 65536\n");
    for (const char* name : {"uid_map", "gid_map"}) {
      const sys::Fd file(open(in_proc(name).c_str(), O_WRONLY | O_CLOEXEC));
      require(file && write(file.get(), map.data(), map.size()) > 0, name);
    }
  }

  void become_user() const {
    const uid_t uid = item_.setting->has_user_namespace ? 0 : item_.setting->uid;
    require(setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0, "change the user");
  }

  [[noreturn]] void be_container() {
    try {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      mount_proc(item_, subject_);
      const int spaces = CLONE_NEWNS | (item_.setting->has_user_namespace ? CLONE_NEWUSER : 0);
      require(unshare(spaces) == 0, "unshare");
      tell(to_parent_[1]);
      wait_for(to_child_[0]);
      become_user();
      tell(to_parent_[1]);
      while (true) pause();
    } catch (const std::exception& error) {
      dprintf(STDERR_FILENO, "container: %s\n", error.what());
    }
    _exit(1);
  }

  const Case& item_;
  const Subject& subject_;
  int to_parent_[2];
  int to_child_[2];
  pid_t pid_ = -1;
};

struct Outcome {
  bool hangs = false;
  int status = 0;
  long kilobytes = 0;
  std::string output{};
};

sys::Fd memory_file(std::string_view text) {
  sys::Fd file(memfd_create("case", MFD_CLOEXEC));
  require(file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
          "memfd");
  require(lseek(file.get(), 0, SEEK_SET) == 0, "lseek");
  return file;
}

void limit(const Limits& limits) {
  const auto seconds = static_cast<rlim_t>(limits.seconds) + 1;
  const rlimit space = {most_address_space, most_address_space};
  const rlimit time = {seconds, seconds};
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_AS, &space);
  setrlimit(RLIMIT_CPU, &time);
  setrlimit(RLIMIT_CORE, &none);
}

// A createContainer hook runs in the container's namespaces, as their root, with the root directory
// of the host and the container's as the working directory.
void enter(const Container& container, const Setting& setting) {
  const sys::Fd users(open(container.in_proc("ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  const sys::Fd mounts(open(container.in_proc("ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
  if (setting.has_user_namespace) {
    require(setns(users.get(), CLONE_NEWUSER) == 0, "enter the user namespace");
    require(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "change the user");
  }
  require(setns(mounts.get(), CLONE_NEWNS) == 0, "enter the mount namespace");
  require(chdir(std::string(rootfs).c_str()) == 0, "chdir");
}

[[noreturn]] void become_program(const Case& item, const Container& container, int input,
                                 int output, const Limits& limits) {
  try {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (item.path->role == Role::hook) enter(container, *item.setting);
    const int root = open("/", O_PATH | O_DIRECTORY);
    require(dup2(root, leaked_fd) == leaked_fd, "dup2");
    std::vector<std::string> words = item.path->arguments(*item.place, container.pid());
    words.insert(words.begin(), "/program");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string variable = cat("NVBOX_SECRET=", secret);
    char* const environment[] = {variable.data(), nullptr};
    require(dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2, "dup2");
    limit(limits);
    execve("/program", arguments.data(), environment);
    require(false, "execve");
  } catch (const std::exception& error) {
    dprintf(STDERR_FILENO, "case: %s\n", error.what());
  }
  _exit(126);
}

std::string text_of(int file) {
  std::string text(size_t{64} << 10, '\0');
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

Outcome run_program(const Case& item, const Container& container, const Limits& limits) {
  const sys::Fd input = memory_file(state_of(*item.setting, container.pid()));
  const sys::Fd output = memory_file("");
  const pid_t pid = fork();
  require(pid >= 0, "fork");
  if (pid == 0) become_program(item, container, input.get(), output.get(), limits);
  const sys::Fd handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd ends = {.fd = handle.get(), .events = POLLIN, .revents = 0};
  Outcome out;
  out.hangs = poll(&ends, 1, static_cast<int>(limits.seconds * milliseconds)) == 0;
  if (out.hangs) kill(pid, SIGKILL);
  struct rusage usage {};
  require(wait4(pid, &out.status, 0, &usage) == pid, "wait4");
  out.kilobytes = usage.ru_maxrss;
  out.output = text_of(output.get());
  return out;
}

// What is looked at on the container's side.
struct Watched {
  std::string root;  // as this process reaches it
  Mounts mounts{};
  Snapshot rw{};
  Snapshot ro{};
  Snapshot image{};  // where no trap is in it
};

Watched look(const Case& item, const Container& container) {
  const std::string root = container.in_proc(cat("root", rootfs));
  return {.root = root,
          .mounts = mounts_of(cat(container.pid())),
          .rw = snapshot(std::string(rw_volume)),
          .ro = snapshot(std::string(ro_volume)),
          .image = item.trap->bites ? Snapshot() : snapshot(root)};
}

// The image's own node or FIFO, and the kernel's log by both of its names.
struct Watches {
  Watches(const Case& item, const std::string& root)
      : kernel_log("/proc/kmsg"), log_inside(root + "/proc/kmsg") {
    struct stat info {};
    const std::string place = cat(root, item.place->path);
    if (lstat(place.c_str(), &info) != 0) return;
    if (S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode)) node.emplace(place);
  }

  bool is_ready() const { return kernel_log.is_ready() && (!node || node->is_ready()); }

  OpenWatch kernel_log;
  OpenWatch log_inside;
  std::optional<OpenWatch> node{};
};

void judge_end(const Outcome& outcome, const Limits& limits, std::vector<Finding>& out) {
  const bool ended_itself = outcome.output.contains("did not end within");
  if (outcome.hangs || ended_itself) out.push_back({Check::hang, outcome.output});
  if (outcome.kilobytes > limits.kilobytes) {
    out.push_back({Check::memory, cat(outcome.kilobytes, " KiB")});
  }
  if (outcome.hangs) return;
  const int code = WEXITSTATUS(outcome.status);
  // 1 is an error, and 2 a mistake in how a program is called, which none of these is.
  if (WIFSIGNALED(outcome.status)) {
    out.push_back({Check::crash, cat("signal ", WTERMSIG(outcome.status))});
  } else if (code > 1) {
    out.push_back({Check::crash, cat("status ", code, " ", outcome.output)});
  } else if (code == 1 && trim(outcome.output).empty()) {
    out.push_back({Check::silent, "status 1 and no word"});
  }
}

// Of the host only the driver's files may be mounted; everything of the container's root itself is
// its own, and new file systems hold what was made for it.
std::string wrong_with(const Mount& mount) {
  const std::string text = cat(mount.type, " ", mount.device, " ", mount.root, " on ", mount.point);
  if (!path::is_below(mount.point, rootfs)) return cat("outside: ", text);
  const bool is_of_host = mount.device == device_of("/");
  if (is_of_host && !path::is_below(mount.root, "/driver")) return cat("of the host: ", text);
  if (mount.type == "proc") return cat("of proc: ", text);
  // Its own libraries for compatibility can be on a volume of the container's, which may be one
  // that it must not write to.
  // What is mounted once more on itself, as masking does it, was there before.
  if (cat("/volumes", mount.root) == cat(rw_volume, mount.point.substr(rootfs.size()))) return "";
  const bool is_read_only = mount.options.starts_with("ro,") || mount.options == "ro";
  if (mount.device == device_of("/volumes") && !is_read_only) return cat("of a volume: ", text);
  return "";
}

std::string wrong_mount(const Watched& before, const Watched& after) {
  for (const auto& [id, mount] : after.mounts) {
    if (before.mounts.contains(id)) continue;
    const std::string wrong = wrong_with(mount);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

// An entry that is only there to be mounted over: empty, and nothing else has changed.
bool is_mount_target(const std::string& line) {
  return line.contains(cat(" kind=", S_IFDIR)) ||
         (line.contains(cat(" kind=", S_IFREG)) && line.contains(" size=0 "));
}

// Directories lose the time of their last change when something is made in them.
Snapshot without_targets(const Snapshot& before, const Snapshot& after) {
  Snapshot out;
  for (const auto& [path, line] : after) {
    const auto found = before.find(path);
    if (found == before.end() && is_mount_target(line)) continue;
    const bool is_directory = line.contains(cat(" kind=", S_IFDIR));
    out.emplace(path, is_directory && found != before.end() ? found->second : line);
  }
  return out;
}

std::string change_of_volume(const Case& item, const Outcome& outcome, const Watched& before,
                             const Watched& after) {
  // A user namespace's root may make nothing in a directory of the host's root.
  const bool may_add = item.path->role == Role::configurer && !item.setting->has_user_namespace;
  if (!may_add) return difference(before.rw, after.rw);
  // What fails takes back what it made.
  if (outcome.status != 0 && before.rw.size() != after.rw.size()) {
    return cat("left after an error: ", difference(before.rw, after.rw));
  }
  return difference(before.rw, without_targets(before.rw, after.rw));
}

// Or all the refusals would prove nothing.
void judge_work(const Case& item, const Outcome& outcome, const Watched& before,
                const Watched& after, std::vector<Finding>& out) {
  if (item.trap->bites) return;
  if (outcome.status != 0) out.push_back({Check::refused, outcome.output});
  const bool is_done = before.image != after.image || before.mounts.size() < after.mounts.size();
  if (!is_done && !item.path->is_hostile_itself) {
    out.push_back({Check::refused, cat("it has done nothing ", outcome.output)});
  }
}

void judge_container(const Case& item, const Outcome& outcome, const Watched& before,
                     const Watched& after, std::vector<Finding>& out) {
  const auto add = [&](Check check, const std::string& detail) {
    if (!detail.empty()) out.push_back({check, detail});
  };
  add(Check::mount, wrong_mount(before, after));
  add(Check::volume, difference(before.ro, after.ro));
  add(Check::secret, file_with(before.root, {secret}, {device_of("/volumes")}));
  if (item.path->role == Role::builder) return;
  // What is mounted at /dev is the runtime's, whatever its source, and devices are made there.
  const bool is_of_runtime = item.place->path == "/dev" && item.trap->name == "volume";
  if (is_of_runtime) return;
  add(Check::volume, change_of_volume(item, outcome, before, after));
  if (outcome.output.contains(secret)) add(Check::secret, outcome.output);
}

}  // namespace

std::vector<Finding> run_case(const Case& item, const Subject& subject, const Limits& limits,
                              const Snapshot& host) {
  std::vector<Finding> out;
  require(unshare(CLONE_NEWNS) == 0, "unshare");
  make_container(item);
  const sys::Fd own_pids(open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  if (!item.setting->shares_host_pids) require(unshare(CLONE_NEWPID) == 0, "unshare");
  const Container container(item, subject);
  if (item.path->role != Role::hook) {
    require(setns(own_pids.get(), CLONE_NEWPID) == 0, "return to the host's processes");
  }
  const Watched before = look(item, container);
  const Mounts host_mounts = mounts_of("self");
  const Watches watches(item, before.root);
  require(watches.is_ready(), "inotify");
  const Outcome outcome = run_program(item, container, limits);
  if (watches.node && watches.node->saw_an_open()) {
    out.push_back({Check::opened, std::string(item.place->path)});
  }
  if (watches.kernel_log.saw_an_open() || watches.log_inside.saw_an_open()) {
    out.push_back({Check::kmsg, outcome.output});
  }
  judge_end(outcome, limits, out);
  const Watched after = look(item, container);
  judge_work(item, outcome, before, after, out);
  judge_container(item, outcome, before, after, out);
  if (mounts_of("self").size() != host_mounts.size()) {
    out.push_back({Check::mount, "in the host's mount namespace"});
  }
  const std::string changed = difference(host, snapshot("/"));
  if (!changed.empty()) out.push_back({Check::canary, changed});
  return out;
}

}  // namespace nvbox::test::matrix
