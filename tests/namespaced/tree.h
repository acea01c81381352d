// Files for fixtures, and what is in a tree, for comparing before and after.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nvbox::test {

// Each makes missing parents.
void put_directory(const std::string& path);
void put_file(const std::string& path, std::string_view text);
void put_link(const std::string& path, const std::string& target);

std::string read_file(const std::string& path);

// One line for each entry: path, type, mode, owner, and the content or the link's text.
std::vector<std::string> describe_tree(const std::string& directory);

// A mount of this process; the optional fields (propagation) are joined with blanks.
struct MountEntry {
  std::string point;
  std::string options;
  std::string propagation;
  std::string type;

  bool operator==(const MountEntry&) const = default;
};
std::vector<MountEntry> mounts();

}  // namespace nvbox::test
