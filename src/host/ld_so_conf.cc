#include "host/ld_so_conf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <climits>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>
#include <span>

#include "base/path.h"
#include "base/pattern.h"
#include "base/text.h"
#include "host/container_file.h"
#include "sys/file.h"

namespace nvbox::host {
namespace {

// The configuration comes from an image: include lines may form loops, or match without end. A
// step is a file read, a directory listed or a directory looked for; real ones need about 20. Text
// of files that include others is kept until those are done, so all of it is bounded together.
struct Budget {
  size_t steps = 4096;
  size_t lines = size_t{64} * 1024;
  size_t bytes = size_t{1024} * 1024;
  size_t names = size_t{16} * 1024;  // of entries in directories that a pattern is held against
};
constexpr unsigned most_depth = 16;
constexpr size_t most_file_bytes = size_t{64} * 1024;
constexpr size_t most_problems = 16;

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

// As in glob(3), a wildcard does not match a dot at the front.
bool matches(std::string_view pattern, std::string_view name) {
  return (!name.starts_with('.') || pattern.starts_with('.')) && matches_pattern(pattern, name);
}

// The next line of `text`, which loses it.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

class Reader {
 public:
  Reader(const Root& root, std::string_view ignored);

  void add_file(const std::string& file, unsigned depth);
  void add_directory(std::string_view path);
  void note(std::string problem);
  LdSoConf take() { return std::move(conf_); }

 private:
  // Where a line is: names are relative to the file's directory.
  struct Place {
    const std::string& file;
    unsigned depth;
  };

  void add_line(std::string_view line, const Place& place);
  void include(std::string_view pattern, const Place& place);
  void add_matches(const std::string& parent, std::string_view pattern,
                   std::vector<std::string>& matching);
  std::optional<std::string> read_once(const std::string& file);
  bool spend(size_t& left, size_t amount = 1);

  const Root& root_;
  Budget left_;
  bool is_cut_off_ = false;
  std::set<DirectoryId> files_;  // by identity: one file may have names without end
  std::set<DirectoryId> known_;
  LdSoConf conf_;
};

Reader::Reader(const Root& root, std::string_view ignored) : root_(root) {
  const auto info = root.stat(ignored);
  if (!info) note(info.error().message());
  if (!ignored.empty() && info && *info) files_.insert({(*info)->st_dev, (*info)->st_ino});
}

void Reader::note(std::string problem) {
  if (conf_.problems.size() < most_problems) conf_.problems.push_back(std::move(problem));
}

// False, with a note at the first time, when there is not as much left: nothing more is read then.
bool Reader::spend(size_t& left, size_t amount) {
  if (is_cut_off_) return false;
  if (amount <= left) {
    left -= amount;
    return true;
  }
  is_cut_off_ = true;
  conf_.problems.emplace_back("/etc/ld.so.conf: includes too much, the rest is ignored");
  return false;
}

void Reader::add_directory(std::string_view path) {
  const auto id = directory_id(root_, path);
  if (!id) return note(id.error().message());
  if (*id && known_.insert(**id).second) conf_.directories.push_back({std::string(path), **id});
}

// The names in `parent` that match, below it.
void Reader::add_matches(const std::string& parent, std::string_view pattern,
                         std::vector<std::string>& matching) {
  if (!spend(left_.steps)) return;
  const auto names = root_.list(parent);
  if (!names) return note(names.error().message());
  if (!*names || !spend(left_.names, (*names)->size())) return;
  for (const std::string& name : **names) {
    if (matches(pattern, name)) matching.push_back(cat(parent, "/", name));
  }
}

void Reader::include(std::string_view pattern, const Place& place) {
  const std::string absolute = pattern.starts_with('/')
                                   ? std::string(pattern)
                                   : path::join(path::parent(place.file), pattern);
  // Nothing has a longer name (path_resolution(7)).
  if (absolute.size() >= PATH_MAX) return;
  const auto paths = expand_pattern(absolute, std::bind_front(&Reader::add_matches, this));
  for (const std::string& found : paths) add_file(found, place.depth + 1);
}

void Reader::add_line(std::string_view line, const Place& place) {
  line = trim(line.substr(0, line.find('#')));
  const size_t blank = line.find_first_of(" \t");
  const std::string_view word = line.substr(0, blank);
  // "hwcap 1 nosegneg" is from before glibc 2.33.
  if (blank != std::string_view::npos && lower(word) == "hwcap") return;
  if (blank == std::string_view::npos || word != "include") {
    while (line.ends_with('/')) line.remove_suffix(1);
    if (line.starts_with('/') && spend(left_.steps)) add_directory(line);
    return;
  }
  std::string_view patterns = trim(line.substr(blank));
  while (!patterns.empty() && !is_cut_off_) {
    const size_t end = std::min(patterns.find_first_of(" \t"), patterns.size());
    include(patterns.substr(0, end), place);
    patterns = trim(patterns.substr(end));
  }
}

// nullopt when there is nothing to read, or was read before under this or another name.
std::optional<std::string> Reader::read_once(const std::string& file) {
  if (!spend(left_.steps)) return std::nullopt;
  const auto open = open_container_file(root_, file);
  if (!open) note(open.error().message());
  if (!open || !*open) return std::nullopt;
  const ContainerFile& opened = **open;
  if (!files_.insert({opened.status.st_dev, opened.status.st_ino}).second) return std::nullopt;
  auto text = sys::read_all(opened.fd.get(), most_file_bytes)
                  .in(cat("read ", path::join(root_.path(), file)));
  if (!text) note(text.error().message());
  if (!text || !spend(left_.bytes, text->size())) return std::nullopt;
  return std::move(text).value();
}

void Reader::add_file(const std::string& file, unsigned depth) {
  if (depth > most_depth) return note(cat(file, " is included too deep and ignored"));
  const std::optional<std::string> text = read_once(file);
  if (!text) return;
  std::string_view rest = *text;
  while (!rest.empty() && spend(left_.lines)) add_line(take_line(rest), {file, depth});
}

}  // namespace

Result<std::optional<DirectoryId>> directory_id(const Root& root, std::string_view path) {
  const auto info = NVBOX_TRY(root.stat(path));
  if (!info || !S_ISDIR(info->st_mode)) return std::nullopt;
  return std::optional(DirectoryId{info->st_dev, info->st_ino});
}

LdSoConf read_ld_so_conf(const Root& root, std::string_view ignored) {
  Reader reader(root, ignored);
  reader.add_file("/etc/ld.so.conf", 0);
  const auto debian = root.stat("/etc/debian_version");
  if (!debian) reader.note(debian.error().message());
  const bool is_debian_like = debian && *debian;
  const std::span<const char* const> built_in =
      is_debian_like ? std::span<const char* const>(debian_directories) : other_directories;
  for (const char* directory : built_in) reader.add_directory(directory);
  return reader.take();
}

}  // namespace nvbox::host
