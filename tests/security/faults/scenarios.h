// The commands of nvbox that change something, each with what it finds on the machine.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvbox::faults {

struct Scenario {
  std::string_view name;
  // Makes the files that the command finds, below `base`.
  void (*prepare)();
  // The program first, by its name in /usr/bin. "@PID" is the container's process.
  std::vector<std::string_view> arguments;
  std::string_view input{};
  // Run beside the container, as a tool of the host is, and not inside its mount namespace.
  bool is_beside = false;
  // What a run that fails has made is gone again: an engine throws such a container away, and
  // nobody tidies the host after it.
  bool undoes = false;
  // Somebody else makes a file anew before the command runs again: engines write config.json.
  void (*renew)() = nullptr;
  // A file that tells what the command found, and so something else after a run that was cut off.
  std::string_view account{};
};

std::span<const Scenario> scenarios();

}  // namespace nvbox::faults
