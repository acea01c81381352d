#include "nvbox/runtime/low_level.h"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include <algorithm>
#include <optional>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"

namespace nvbox::runtime {
namespace {

// Where the peer looks after $PATH, which engines started by hand or by systemd cut short.
constexpr std::string_view usual_directories[] = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
};

std::vector<std::string_view> search_directories(std::string_view search_path) {
  std::vector<std::string_view> directories;
  const auto add = [&](std::string_view directory) {
    if (std::ranges::find(directories, directory) == directories.end()) {
      directories.push_back(directory);
    }
  };
  for (const std::string_view directory : split(search_path, ':')) {
    if (directory.starts_with('/')) add(directory);
  }
  std::ranges::for_each(usual_directories, add);
  return directories;
}

enum class Kind { usable, ourselves, absent, not_executable };

struct Found {
  std::string path;
  Kind kind;
};

class Search {
 public:
  explicit Search(std::string_view search_path) : directories_(search_directories(search_path)) {
    // The link is followed to the file that runs, under whatever name it was started.
    if (stat("/proc/self/exe", &self_) != 0) self_ = {};
  }

  // What is at the places of a candidate: the first usable file, else what stood in the way.
  Found find(const std::string& candidate) const {
    if (candidate.contains('/')) return {candidate, kind_of(candidate)};
    Found best{candidate, Kind::absent};
    for (const std::string_view directory : directories_) {
      std::string path = path::join(directory, candidate);
      const Kind kind = kind_of(path);
      if (kind == Kind::usable) return {std::move(path), kind};
      if (best.kind == Kind::absent && kind != Kind::absent) best = {std::move(path), kind};
    }
    return best;
  }

 private:
  Kind kind_of(const std::string& path) const {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return Kind::absent;
    if (info.st_dev == self_.st_dev && info.st_ino == self_.st_ino) return Kind::ourselves;
    // access(2) also knows of mounts with noexec and of access control lists.
    if (!S_ISREG(info.st_mode) || access(path.c_str(), X_OK) != 0) return Kind::not_executable;
    return Kind::usable;
  }

  std::vector<std::string_view> directories_;
  struct stat self_ {};
};

std::string_view describe(Kind kind) {
  switch (kind) {
    case Kind::ourselves:
      return "is nvbox itself";
    case Kind::not_executable:
      return "is not an executable file";
    case Kind::usable:
    case Kind::absent:
      return "not found";
  }
  return "";
}

}  // namespace

Result<LowLevel> find_low_level(std::span<const std::string> candidates,
                                std::string_view search_path) {
  const Search search(search_path);
  std::vector<std::string> refused;
  std::vector<std::string> notes;
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    const Found found = search.find(candidate);
    if (found.kind == Kind::usable) return LowLevel{found.path, std::move(notes)};
    std::string reason = cat(found.path, " ", describe(found.kind));
    if (found.kind == Kind::ourselves) {
      notes.push_back(cat("low-level runtime ", reason, ", passed over"));
    }
    refused.push_back(std::move(reason));
  }
  return Error(cat("no low-level runtime: ", refused.empty()
                                                 ? "nvidia-container-runtime.runtimes is empty"
                                                 : join(refused, ", ")))
      .hint("install runc or crun, or set nvidia-container-runtime.runtimes in config.toml");
}

Result<> exec_low_level(const std::string& path, std::span<const std::string_view> arguments,
                        char* const* environment) {
  std::vector<std::string> words = {path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execve(path.c_str(), pointers.data(), environment);
  return Error(cat("run ", path), errno);
}

}  // namespace nvbox::runtime
