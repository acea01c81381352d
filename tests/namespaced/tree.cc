#include "namespaced/tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/text.h"

namespace nvbox::test {
namespace fs = std::filesystem;

void put_directory(const std::string& path) {
  fs::create_directories(path);
}

void put_file(const std::string& path, std::string_view text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void put_link(const std::string& path, const std::string& target) {
  fs::create_directories(fs::path(path).parent_path());
  fs::create_symlink(target, path);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> describe_tree(const std::string& directory) {
  std::vector<std::string> out;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
    struct stat info {};
    lstat(entry.path().c_str(), &info);
    std::string line =
        cat(entry.path().lexically_relative(directory).string(), " mode=", info.st_mode,
            " uid=", info.st_uid, " gid=", info.st_gid, " links=", info.st_nlink);
    if (S_ISLNK(info.st_mode)) line += cat(" -> ", fs::read_symlink(entry.path()).string());
    if (S_ISREG(info.st_mode)) line += cat(" ", quote(read_file(entry.path())));
    out.push_back(std::move(line));
  }
  std::ranges::sort(out);
  return out;
}

std::vector<MountEntry> mounts() {
  std::vector<MountEntry> out;
  const std::string text = read_file("/proc/self/mountinfo");
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 10 || dash == fields.end()) continue;
    std::string propagation;
    for (auto field = fields.begin() + 6; field != dash; ++field) propagation += cat(*field, " ");
    out.push_back({std::string(fields[4]), std::string(fields[5]), std::string(trim(propagation)),
                   std::string(*(dash + 1))});
  }
  return out;
}

}  // namespace nvbox::test
