// An image's root file system, made from text that a fuzzer invents, beside a directory that stands
// for the host:
//     d PATH              directory
//     f PATH TEXT         file
//     l PATH -> TARGET    symbolic link
//     p PATH              FIFO
// The tree itself is made without following any link, so that whatever changes outside of it was
// changed by the code under test.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "host/root.h"
#include "security/fuzz/fuzz.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace nvbox::fuzz {

class Tree {
 public:
  Tree() : path_(make_directory()) {
    outside_ = path_ + "/outside";
    std::filesystem::create_directories(root_path());
    std::filesystem::create_directories(outside_ + "/etc/ld.so.conf.d");
    for (const char* file : {"/etc/ld.so.cache", "/etc/ld.so.conf", "/canary"}) {
      write_all(outside_ + file, "the host's\n");
    }
    before_ = outside_state();
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  // A directory of its own, so that "../outside" of a link would reach the host.
  std::string root_path() const { return path_ + "/root"; }
  host::Root root() const { return host::Root::open_container(root_path()).value(); }

  // Each is left out where its path is taken, or leads through something that is no directory.
  void add_file(std::string_view path, std::string_view bytes) const {
    const sys::Fd directory = parent_of(path);
    const sys::Fd file(openat(directory.get(), name_of(path).c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (file) (void)sys::write_all(file.get(), bytes).has_value();
  }
  void add_link(std::string_view path, std::string_view target) const {
    const sys::Fd directory = parent_of(path);
    (void)!symlinkat(std::string(target).c_str(), directory.get(), name_of(path).c_str());
  }
  void add_fifo(std::string_view path) const {
    const sys::Fd directory = parent_of(path);
    (void)mknodat(directory.get(), name_of(path).c_str(), S_IFIFO | 0644, 0);
  }
  void add_directory(std::string_view path) const { (void)parent_of(path::join(path, "x")); }

  void add_lines(std::string_view lines) const {
    for (const std::string& line : lines_of(lines, 64)) add_line(line);
  }

  // That nothing but the root has changed.
  void require_host_unchanged() const {
    require(outside_state() == before_, "the host's files are as they were");
    require(std::distance(std::filesystem::directory_iterator(path_),
                          std::filesystem::directory_iterator()) == 2,
            "nothing was made beside the root");
  }

 private:
  static std::string make_directory() {
    // Memory where there is some: thousands of files are made in a second.
    const bool has_memory = access("/dev/shm", W_OK) == 0;
    std::string name = has_memory ? "/dev/shm" : std::filesystem::temp_directory_path().string();
    name += "/nvbox-fuzz-XXXXXX";
    require(mkdtemp(name.data()) != nullptr, "a directory can be made");
    return name;
  }

  static void write_all(const std::string& path, std::string_view text) {
    const sys::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    require(file && sys::write_all(file.get(), text), "the host's files can be written");
  }

  static std::string name_of(std::string_view path) { return std::string(path::base_name(path)); }

  // The directory that a path is in, made where it is missing; empty where that is not possible.
  sys::Fd parent_of(std::string_view path) const {
    sys::Fd directory(open(root_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (const std::string_view part : path::components(path::parent(path))) {
      if (part == "..") return {};
      const std::string name(part);
      (void)mkdirat(directory.get(), name.c_str(), 0755);
      directory.reset(
          openat(directory.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    return directory;
  }

  void add_line(std::string_view line) const {
    if (line.size() < 3 || line.find('\0') != std::string_view::npos) return;
    const std::string_view rest = line.substr(2);
    const std::size_t blank = rest.find(' ');
    const std::string_view path = rest.substr(0, blank);
    const std::string_view more = blank == std::string_view::npos ? "" : rest.substr(blank + 1);
    if (name_of(path) == ".." || name_of(path).empty()) return;
    if (line.starts_with("d ")) add_directory(path);
    if (line.starts_with("f ")) add_file(path, more);
    if (line.starts_with("p ")) add_fifo(path);
    if (line.starts_with("l ") && more.starts_with("-> ")) add_link(path, more.substr(3));
  }

  // Names, kinds, times of change and contents are all in what stat says of each file.
  std::string outside_state() const {
    std::string state;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(outside_)) {
      struct stat info {};
      (void)lstat(entry.path().c_str(), &info);
      state += cat(entry.path().string(), " ", info.st_ino, " ", info.st_mode, " ", info.st_uid,
                   " ", info.st_size, " ", info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec, "\n");
    }
    return state;
  }

  std::string path_;
  std::string outside_;
  std::string before_;
};

}  // namespace nvbox::fuzz
