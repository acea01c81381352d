// What a case looks at before and after.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "matrix_tables.h"

namespace nvbox::test::matrix {

struct Finding {
  Check check;
  std::string detail;
};

// A line for each file of one file system by its path: kind, mode, owner, size, time of the last
// change, and content. Mount points are left out.
using Snapshot = std::map<std::string, std::string>;
Snapshot snapshot(const std::string& directory);

// The first difference; "" when there is none.
std::string difference(const Snapshot& before, const Snapshot& after);

// A mount as /proc/PID/mountinfo tells of it.
struct Mount {
  std::string device;
  std::string root;
  std::string point;
  std::string options;  // of the mount itself
  std::string type;
};
// By their identity.
using Mounts = std::map<std::string, Mount>;
Mounts mounts_of(const std::string& process);

// "MAJOR:MINOR" of the file system that a directory is on, as mountinfo writes it.
std::string device_of(const std::string& directory);

// The first file below a directory, on whatever is mounted there but proc and volumes, that has the
// secret or the text of another one in it; "" when there is none.
std::string file_with(const std::string& directory, const std::vector<std::string_view>& texts,
                      const std::vector<std::string>& left_out_devices);

}  // namespace nvbox::test::matrix
