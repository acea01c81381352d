#include "nvbox/host/ld_so_conf.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"

namespace nvbox::host {
namespace {

// The configuration comes from an image: include lines may form loops, or match without end. A
// step is a file read, a directory listed or a directory looked for; real ones need about 20.
constexpr size_t most_steps = 4096;
constexpr size_t most_matches = 4096;
constexpr size_t most_file_bytes = size_t{64} * 1024;

// What ldconfig searches besides. Debian's has the multiarch directories; the others' have /lib64,
// and on x86-64 also x32's. Directories of other architectures do not exist.
constexpr std::array debian_directories = {
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/i386-linux-gnu",
    "/usr/lib/i386-linux-gnu",
    "/lib",
    "/usr/lib",
};
constexpr std::array other_directories = {
    "/lib", "/lib64", "/libx32", "/usr/lib", "/usr/lib64", "/usr/libx32",
};

// Whether `name` matches a shell pattern of *, ? and other characters. As in glob(3), a wildcard
// does not match a dot at the front. The time is at most the product of the lengths.
bool matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  size_t at = 0;
  size_t position = 0;
  size_t star = std::string_view::npos;
  size_t star_position = 0;
  while (position < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_position = position;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[position])) {
      ++at;
      ++position;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      position = ++star_position;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

class Reader {
 public:
  Reader(const Root& root, std::string_view ignored) : root_(root), ignored_(ignored) {}

  void add_file(const std::string& file);
  void add_directory(std::string_view path);
  LdSoConf take() { return std::move(conf_); }

 private:
  void add_line(std::string_view line, const std::string& file);
  void include(std::string_view pattern, const std::string& file);
  std::vector<std::string> expand(std::string_view pattern);
  bool take_step();

  const Root& root_;
  std::string_view ignored_;
  size_t steps_left_ = most_steps;
  std::set<std::string> files_;
  std::set<DirectoryId> known_;
  LdSoConf conf_;
};

// False, with a note at the first time, when there were too many.
bool Reader::take_step() {
  if (steps_left_ == 0) return false;
  if (--steps_left_ == 0) {
    conf_.problems.emplace_back("/etc/ld.so.conf: includes too much, the rest is ignored");
  }
  return true;
}

void Reader::add_directory(std::string_view path) {
  path = trim(path);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!path.starts_with('/') || !take_step()) return;
  const auto id = directory_id(root_, path);
  if (id && known_.insert(*id).second) conf_.directories.push_back({std::string(path), *id});
}

// The paths that `pattern` stands for, sorted. One without wildcards stands for itself.
std::vector<std::string> Reader::expand(std::string_view pattern) {
  std::vector<std::string> found = {""};
  for (const std::string_view component : path::components(pattern)) {
    std::vector<std::string> next;
    for (const std::string& parent : found) {
      if (!has_wildcard(component)) {
        next.push_back(cat(parent, "/", component));
        continue;
      }
      if (!take_step()) return {};
      const auto names = root_.list(parent);
      if (!names || !*names) continue;
      for (const std::string& name : **names) {
        if (matches(component, name)) next.push_back(cat(parent, "/", name));
      }
    }
    if (next.size() > most_matches) next.resize(most_matches);
    found = std::move(next);
  }
  return found;
}

void Reader::include(std::string_view pattern, const std::string& file) {
  const std::string absolute =
      pattern.starts_with('/') ? std::string(pattern) : path::join(path::parent(file), pattern);
  for (const std::string& found : expand(absolute)) add_file(found);
}

void Reader::add_line(std::string_view line, const std::string& file) {
  line = trim(line.substr(0, line.find('#')));
  const size_t blank = line.find_first_of(" \t");
  const std::string_view word = line.substr(0, blank);
  // "hwcap 1 nosegneg" is from before glibc 2.33.
  if (blank != std::string_view::npos && lower(word) == "hwcap") return;
  if (blank == std::string_view::npos || word != "include") return add_directory(line);
  std::string_view patterns = trim(line.substr(blank));
  while (!patterns.empty()) {
    const size_t end = std::min(patterns.find_first_of(" \t"), patterns.size());
    include(patterns.substr(0, end), file);
    patterns = trim(patterns.substr(end));
  }
}

void Reader::add_file(const std::string& file) {
  if (file == ignored_ || !files_.insert(file).second || !take_step()) return;
  const auto text = root_.read(file, most_file_bytes);
  if (!text) return conf_.problems.push_back(text.error().message());
  if (!*text) return;
  for (const std::string_view line : split(**text, '\n')) add_line(line, file);
}

}  // namespace

std::optional<DirectoryId> directory_id(const Root& root, std::string_view path) {
  const auto info = root.stat(path);
  if (!info || !*info || !S_ISDIR((*info)->st_mode)) return std::nullopt;
  return DirectoryId{(*info)->st_dev, (*info)->st_ino};
}

LdSoConf read_ld_so_conf(const Root& root, std::string_view ignored) {
  Reader reader(root, ignored);
  reader.add_file("/etc/ld.so.conf");
  const auto debian = root.stat("/etc/debian_version");
  const bool is_debian_like = debian && *debian;
  const std::span<const char* const> built_in =
      is_debian_like ? std::span<const char* const>(debian_directories) : other_directories;
  for (const char* directory : built_in) reader.add_directory(directory);
  return reader.take();
}

}  // namespace nvbox::host
