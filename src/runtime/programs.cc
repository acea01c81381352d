#include "runtime/programs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/path.h"
#include "host/locate.h"

namespace nvbox::runtime {

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
