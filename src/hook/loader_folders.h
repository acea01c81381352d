// Directories that small configuration files of the loader name, one a line.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "host/root.h"

namespace nvbox::hook {

// Each directory once, in the order of the lines, and no more than `most`.
class LoaderFolders {
 public:
  explicit LoaderFolders(size_t most) : most_(most) {}

  // Nothing when there is no such file. One that is not read is a warning.
  void add_file(const host::Root& container, const std::string& file, const Log& log);

  std::vector<std::string> take() { return std::move(folders_); }

 private:
  size_t most_;
  std::set<std::string, std::less<>> known_;
  std::vector<std::string> folders_;
};

}  // namespace nvbox::hook
