// Where a container's loader finds libraries: the directories of /etc/ld.so.conf and those that
// are built into ldconfig.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/root.h"

namespace nvbox::host {

// Which directory a path means; equal for two names of one directory (/lib and /usr/lib).
struct DirectoryId {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const DirectoryId&) const = default;
  bool operator<(const DirectoryId& other) const {
    return device != other.device ? device < other.device : inode < other.inode;
  }
};

// nullopt when there is no such directory.
Result<std::optional<DirectoryId>> directory_id(const Root& root, std::string_view path);

struct LibraryDirectory {
  std::string path{};  // as it is written in the configuration
  DirectoryId id{};

  bool operator==(const LibraryDirectory&) const = default;
};

struct LdSoConf {
  // In the order in which ldconfig goes through them: configured ones, then built-in ones.
  // Directories that do not exist and further names of one directory are left out.
  std::vector<LibraryDirectory> directories{};
  // What was not read, and why.
  std::vector<std::string> problems{};
};

// `ignored` is a configuration file to take no notice of; it may be empty.
LdSoConf read_ld_so_conf(const Root& root, std::string_view ignored);

}  // namespace nvbox::host
