// The log of nvidia-container-runtime: nvidia-container-runtime.debug of config.toml and the file
// that the engine names with --log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/config.h"
#include "runtime/command_line.h"

namespace nvbox::runtime {

struct RuntimeLog {
  Log log{};
  // What is wrong with the log itself: an unknown level, a file that cannot be opened. It grows
  // while lines are written, because a file is opened, and its directory made, for its first line:
  // a container that nothing is said about costs nothing.
  std::shared_ptr<const std::vector<std::string>> warnings{};
};

// `base` with these files added. Never fails; with --version no file is written.
RuntimeLog open_log(Log base, const config::Config::Runtime& settings, const CommandLine& line);

}  // namespace nvbox::runtime
