#include "world.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::faults {
namespace {

namespace fs = std::filesystem;

// Larger files (the program itself) are compared by a hash.
constexpr size_t largest_text = size_t{64} * 1024;

std::string place(std::string_view path) {
  return path::join(base, path);
}

[[noreturn]] void give_up(std::string_view what, const std::string& path) {
  std::fprintf(stderr, "faults: %.*s %s\n", static_cast<int>(what.size()), what.data(),
               path.c_str());
  std::exit(1);
}

std::string describe(const fs::path& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return "gone";
  std::string out = cat(octal_mode(info.st_mode), " ", info.st_uid, ":", info.st_gid, " ");
  std::error_code ignored;
  if (S_ISLNK(info.st_mode)) return out + fs::read_symlink(path, ignored).string();
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
    return out + cat(major(info.st_rdev), ":", minor(info.st_rdev));
  }
  if (!S_ISREG(info.st_mode)) return out;
  const std::string text = text_at(path);
  if (text.size() <= largest_text) return out + text;
  return out + cat(text.size(), " bytes, hash ", std::hash<std::string>()(text));
}

// "ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS [TAGS...] - KIND SOURCE MORE" without the numbers,
// which are new in every namespace, and without the options of the file system.
std::string parse_mount(const std::string& line) {
  std::istringstream words(line);
  std::string id, parent, device, root, place, options, word;
  words >> id >> parent >> device >> root >> place >> options;
  while (words >> word && word != "-") continue;
  std::string kind, source;
  words >> kind >> source;
  return cat(place, " ", root, " ", options, " ", kind, " ", source);
}

Mounts mounts_of(const std::string& file) {
  std::ifstream in(file);
  Mounts out;
  for (std::string line; std::getline(in, line);) out.push_back(parse_mount(line));
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<State> State::make() {
  const std::string directory(base);
  if (mount("faults", directory.c_str(), "tmpfs", 0, "mode=755") != 0) {
    return Error("mount a tmpfs", errno);
  }
  return State();
}

State::~State() {
  if (is_mounted_) umount2(std::string(base).c_str(), MNT_DETACH);
}

Result<Container> Container::start() {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return Error("pipe", errno);
  const pid_t pid = fork();
  if (pid < 0) return Error("fork", errno);
  if (pid == 0) {
    const bool is_apart = unshare(CLONE_NEWNS) == 0 &&
                          mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!is_apart || write(ready[1], "", 1) != 1) _exit(1);
    while (true) pause();
  }
  close(ready[1]);
  char byte = 0;
  const bool is_ready = read(ready[0], &byte, 1) == 1;
  close(ready[0]);
  sys::Fd own(open(cat("/proc/", pid, "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
  Container container(pid, std::move(own));
  if (!is_ready || !container.mount_namespace_) return Error("make a mount namespace");
  return container;
}

Container::~Container() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Mounts Container::mounts() const {
  return mounts_of(cat("/proc/", pid_, "/mountinfo"));
}

Files Container::files() const {
  Files out;
  const fs::path root = cat("/proc/", pid_, "/root", base);
  std::error_code error;
  fs::recursive_directory_iterator entry(root, error);
  for (; !error && entry != fs::end(entry); entry.increment(error)) {
    if (entry->path().filename() == "log") continue;
    out.emplace(entry->path().lexically_relative(root).string(), describe(entry->path()));
  }
  if (error) give_up("cannot list", root);
  return out;
}

Mounts own_mounts() {
  return mounts_of("/proc/self/mountinfo");
}

void put(std::string_view path, std::string_view text, mode_t mode) {
  put_folder(path::parent(path));
  std::ofstream(place(path), std::ios::binary) << text;
  if (chmod(place(path).c_str(), mode) != 0) give_up("cannot write", place(path));
}

void put_folder(std::string_view path) {
  std::error_code error;
  fs::create_directories(place(path), error);
  if (error) give_up("cannot make", place(path));
}

void put_link(std::string_view path, std::string_view target) {
  put_folder(path::parent(path));
  if (symlink(std::string(target).c_str(), place(path).c_str()) != 0) {
    give_up("cannot link", place(path));
  }
}

std::string text_at(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace nvbox::faults
