// The machine that a command changes: a file system in memory, and a container's process with
// mounts of its own.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::faults {

// Where everything that a command may change is; empty at first, and empty again with each State.
inline constexpr std::string_view base = "/run/faults";

// What there is at each path below `base`: kind, mode, owner, and content, text or numbers. Without
// files called "log".
using Files = std::map<std::string, std::string>;

// Each mount's place, root, kind and source, sorted.
using Mounts = std::vector<std::string>;

// An empty file system at `base`, gone with the object.
class State {
 public:
  static Result<State> make();
  State(State&& other) noexcept : is_mounted_(other.is_mounted_) { other.is_mounted_ = false; }
  State& operator=(State&&) = delete;
  ~State();

 private:
  State() = default;
  bool is_mounted_ = true;
};

// A process that waits in a mount namespace of its own.
class Container {
 public:
  static Result<Container> start();
  Container(Container&& other) noexcept
      : pid_(other.pid_), mount_namespace_(std::move(other.mount_namespace_)) {
    other.pid_ = -1;
  }
  Container& operator=(Container&&) = delete;
  ~Container();

  pid_t pid() const { return pid_; }
  int mount_namespace() const { return mount_namespace_.get(); }
  // What its mount namespace has; of files, what can be seen there.
  Mounts mounts() const;
  Files files() const;

 private:
  Container(pid_t pid, sys::Fd mount_namespace)
      : pid_(pid), mount_namespace_(std::move(mount_namespace)) {}

  pid_t pid_;
  sys::Fd mount_namespace_;
};

// Of this process.
Mounts own_mounts();

// `text` := the file at `path` below `base`, with its folders. For what tests prepare; an error
// ends the program.
void put(std::string_view path, std::string_view text, mode_t mode = 0644);
void put_folder(std::string_view path);
void put_link(std::string_view path, std::string_view target);

// The file's text; "" where there is none.
std::string text_at(const std::string& path);

}  // namespace nvbox::faults
