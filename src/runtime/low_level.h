// The runtime that does the work: runc, crun or whatever config.toml names.
#pragma once

#include <sys/stat.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "host/environment.h"

namespace nvbox::runtime {

struct LowLevel {
  std::string path{};
  // Candidates that were passed over because they are this program.
  std::vector<std::string> notes{};

  bool operator==(const LowLevel&) const = default;
};

// The first candidate that is an executable file and not this program. `search_path` is $PATH,
// `source` the key or the variable that the candidates are from.
Result<LowLevel> find_low_level(std::span<const std::string> candidates,
                                std::string_view search_path,
                                std::string_view source = "nvidia-container-runtime.runtimes");

// Of nvidia-container-runtime.experimental: the one that NVIDIA_CONTAINER_RUNTIME_PATH names, else
// nvidia-container-runtime.experimental.runtime-path, and no other in its place; where neither
// does, one of nvidia-container-runtime.runtimes.
Result<LowLevel> find_experimental_low_level(const config::Config::Runtime& config,
                                             const host::Environment& environment);

struct Program {
  enum class Kind { usable, ourselves, absent, not_executable };

  std::string path;
  Kind kind;

  bool operator==(const Program&) const = default;
};

class ProgramSearch {
 public:
  // `search_path` is $PATH; the usual directories come after it. Relative directories are left out:
  // what runs would depend on where the engine happens to stand.
  explicit ProgramSearch(std::string_view search_path);

  // What is at the places of a program: the first usable file, else what stood in the way. A name
  // with a slash is taken as it is.
  Program find(const std::string& name) const;

 private:
  Program::Kind kind_of(const std::string& path) const;

  std::vector<std::string> directories_;
  struct stat self_ {};
};

}  // namespace nvbox::runtime
