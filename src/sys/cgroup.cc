#include "sys/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <algorithm>
#include <cerrno>

#include "base/path.h"
#include "base/text.h"
#include "sys/file.h"

namespace nvbox::sys {
namespace {

constexpr size_t most_bytes = size_t{16} * 1024 * 1024;
constexpr std::string_view controller = "devices";

bool has_word(std::string_view list, std::string_view word) {
  const std::vector<std::string_view> words = split(list, ',');
  return std::ranges::find(words, word) != words.end();
}

// proc(5): blanks, tabs, newlines and backslashes are written as octal numbers in mountinfo.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    const auto code =
        text[at] == '\\' ? parse_number<unsigned char>(text.substr(at + 1, 3), 8) : std::nullopt;
    if (code && at + 3 < text.size()) {
      out += static_cast<char>(*code);
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

// 35 25 0:30 /docker /sys/fs/cgroup/devices rw,nosuid shared:9 - cgroup cgroup rw,devices
std::optional<CgroupMount> parse_mount(std::string_view line) {
  const std::vector<std::string_view> words = split(line, ' ');
  const auto dash = std::ranges::find(words, std::string_view("-"));
  if (words.size() < 6 || words.end() - dash < 3) return std::nullopt;
  CgroupMount mount{.root = unescape(words[3]), .point = unescape(words[4])};
  if (dash[1] == "cgroup2") return mount;
  if (dash[1] != "cgroup" || words.end() - dash < 4 || !has_word(dash[3], controller)) {
    return std::nullopt;
  }
  mount.version = CgroupVersion::v1;
  return mount;
}

// Another file system may be mounted over the mount point.
bool is_cgroup(int directory, CgroupVersion version) {
  struct statfs status {};
  if (fstatfs(directory, &status) != 0) return false;
  const auto magic = static_cast<unsigned long>(status.f_type);
  return magic == (version == CgroupVersion::v1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC);
}

Result<std::string> read_proc(const std::string& path) {
  const Fd file = NVBOX_TRY(open_path(path, O_RDONLY));
  return read_all(file.get(), most_bytes).in(path);
}

Result<Fd> open_in(const CgroupMount& mount, const std::string& below) {
  const std::string path = below.empty() ? mount.point : path::join(mount.point, below);
  Fd directory = NVBOX_TRY(open_path(path, O_RDONLY | O_DIRECTORY));
  if (!is_cgroup(directory.get(), mount.version)) {
    return Error(cat(path, " is hidden by another file system"), ENOENT);
  }
  return directory;
}

}  // namespace

std::optional<Cgroup> parse_device_cgroup(std::string_view text) {
  std::optional<Cgroup> unified;
  for (const std::string_view line : split(text, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string path(line.substr(second + 1));
    if (has_word(controllers, controller)) return Cgroup{CgroupVersion::v1, std::move(path)};
    if (line.substr(0, first) == "0" && controllers.empty()) {
      unified = Cgroup{CgroupVersion::v2, std::move(path)};
    }
  }
  return unified;
}

std::vector<CgroupMount> parse_cgroup_mounts(std::string_view text) {
  std::vector<CgroupMount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    if (auto mount = parse_mount(line)) mounts.push_back(*std::move(mount));
  }
  return mounts;
}

std::optional<std::string> path_in(const CgroupMount& mount, const Cgroup& cgroup) {
  const std::vector<std::string_view> parts = path::components(cgroup.path);
  const bool is_above = std::ranges::find(parts, std::string_view("..")) != parts.end();
  if (mount.version != cgroup.version || is_above || !path::is_below(cgroup.path, mount.root)) {
    return std::nullopt;
  }
  // A root that ends in a slash is as long as the path and one more.
  const std::string_view path = cgroup.path;
  const std::string_view below =
      mount.root == "/" ? path : path.substr(std::min(mount.root.size(), path.size()));
  return std::string(below.substr(std::min(below.find_first_not_of('/'), below.size())));
}

Result<OpenCgroup> open_device_cgroup(const Process& process) {
  const std::string membership = NVBOX_TRY(process.cgroups());
  const std::optional<Cgroup> cgroup = parse_device_cgroup(membership);
  if (!cgroup) {
    return Error(cat("/proc/", process.pid(), "/cgroup names no cgroup that controls devices"),
                 ENOENT);
  }
  const std::string mounts = NVBOX_TRY(read_proc("/proc/self/mountinfo"));
  Error failure(cat("the cgroup ", quote(cgroup->path), " of process ", process.pid(),
                    " is in none of the cgroup file systems that are mounted here"),
                ENOENT);
  for (const CgroupMount& mount : parse_cgroup_mounts(mounts)) {
    const std::optional<std::string> below = path_in(mount, *cgroup);
    if (!below) continue;
    Result<Fd> directory = open_in(mount, *below);
    if (directory) return OpenCgroup{*cgroup, std::move(directory).value()};
    failure = std::move(directory).error();
  }
  return failure;
}

bool is_in_user_namespace() {
  const Result<std::string> map = read_proc("/proc/self/uid_map");
  if (!map) return false;
  std::vector<std::string_view> words;
  for (const std::string_view word : split(trim(*map), ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words != std::vector<std::string_view>{"0", "0", "4294967295"};
}

}  // namespace nvbox::sys
