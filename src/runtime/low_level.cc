#include "runtime/low_level.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "host/locate.h"

namespace nvbox::runtime {
namespace {

std::string_view describe(Program::Kind kind) {
  switch (kind) {
    case Program::Kind::ourselves:
      return "is nvbox itself";
    case Program::Kind::not_executable:
      return "is not an executable file";
    case Program::Kind::usable:
    case Program::Kind::absent:
      return "not found";
  }
  return "";
}

}  // namespace

Result<LowLevel> find_low_level(std::span<const std::string> candidates,
                                std::string_view search_path, std::string_view source) {
  const ProgramSearch search(search_path);
  std::vector<std::string> refused;
  std::vector<std::string> notes;
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    const Program found = search.find(candidate);
    if (found.kind == Program::Kind::usable) return LowLevel{found.path, std::move(notes)};
    std::string reason = cat(found.path, " ", describe(found.kind));
    if (found.kind == Program::Kind::ourselves) {
      notes.push_back(cat("low-level runtime ", reason, ", passed over"));
    }
    refused.push_back(std::move(reason));
  }
  return Error(cat("no low-level runtime: ",
                   refused.empty() ? cat(source, " is empty") : join(refused, ", ")))
      .hint(cat("install runc or crun, or set ", source));
}

Result<LowLevel> find_experimental_low_level(const config::Config::Runtime& config,
                                             const host::Environment& environment) {
  constexpr std::string_view variable = "NVIDIA_CONTAINER_RUNTIME_PATH";
  const std::string_view search_path = environment.get("PATH").value_or("");
  const std::string named(trim(environment.get(variable).value_or("")));
  if (!named.empty()) return find_low_level({&named, 1}, search_path, variable);
  const std::string& path = config.experimental_runtime_path;
  if (path.empty()) return find_low_level(config.runtimes, search_path);
  return find_low_level({&path, 1}, search_path,
                        "nvidia-container-runtime.experimental.runtime-path");
}

ProgramSearch::ProgramSearch(std::string_view search_path)
    : directories_(host::program_directories(search_path)) {
  // The link is followed to the file that runs, under whatever name it was started.
  if (stat("/proc/self/exe", &self_) != 0) self_ = {};
}

Program ProgramSearch::find(const std::string& name) const {
  if (name.contains('/')) return {name, kind_of(name)};
  Program best{name, Program::Kind::absent};
  for (const std::string& directory : directories_) {
    std::string path = path::join(directory, name);
    const Program::Kind kind = kind_of(path);
    if (kind == Program::Kind::usable) return {std::move(path), kind};
    if (best.kind == Program::Kind::absent && kind != Program::Kind::absent) {
      best = {std::move(path), kind};
    }
  }
  return best;
}

Program::Kind ProgramSearch::kind_of(const std::string& path) const {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return Program::Kind::absent;
  if (info.st_dev == self_.st_dev && info.st_ino == self_.st_ino) return Program::Kind::ourselves;
  // access(2) also knows of mounts with noexec and of access control lists.
  if (!S_ISREG(info.st_mode) || access(path.c_str(), X_OK) != 0) {
    return Program::Kind::not_executable;
  }
  return Program::Kind::usable;
}

}  // namespace nvbox::runtime
