#include "matrix_checks.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <functional>

#include "base/text.h"
#include "namespaced/tree.h"
#include "sys/fd.h"

namespace nvbox::test::matrix {
namespace {

constexpr size_t most_bytes = size_t{1} << 20;

// The beginning of it, and of a sparse file no more than that.
std::string content_at(int directory, const char* name, const struct stat& info) {
  const sys::Fd file(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  std::string text(std::min(static_cast<size_t>(info.st_size), most_bytes), '\0');
  const ssize_t size = file ? read(file.get(), text.data(), text.size()) : 0;
  text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

std::string link_at(int directory, const char* name) {
  char text[PATH_MAX];
  const ssize_t size = readlinkat(directory, name, text, sizeof text);
  return {text, static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

std::string number(dev_t device) {
  return cat(major(device), ":", minor(device));
}

// A file that is visited.
struct Visited {
  int directory;
  const char* name;
  const struct stat& info;
  const std::string& path;
};

// Links are not followed. The visitor says whether to go on into a directory.
void walk(int directory, const std::string& path,
          const std::function<bool(const Visited&)>& visit) {
  const int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const stream = copy < 0 ? nullptr : fdopendir(copy);
  if (stream == nullptr) return;
  while (const dirent* const entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    struct stat info {};
    if (name == "." || name == "..") continue;
    if (fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const std::string below = cat(path, "/", name);
    if (!visit({directory, entry->d_name, info, below}) || !S_ISDIR(info.st_mode)) continue;
    const sys::Fd inner(
        openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (inner) walk(inner.get(), below, visit);
  }
  closedir(stream);
}

std::string line_of(const Visited& file) {
  const struct stat& info = file.info;
  std::string line =
      cat("mode=", octal_mode(info.st_mode), " kind=", info.st_mode & S_IFMT,
          " owner=", info.st_uid, ":", info.st_gid, " links=", info.st_nlink,
          " device=", info.st_rdev, " changed=", info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec);
  if (S_ISLNK(info.st_mode)) line += cat(" -> ", quote(link_at(file.directory, file.name)));
  if (S_ISREG(info.st_mode)) {
    const std::string text = content_at(file.directory, file.name, info);
    line += cat(" size=", info.st_size, " content=", std::hash<std::string>()(text), " ",
                excerpt(text));
  }
  return line;
}

bool is_proc(const Visited& file) {
  const sys::Fd directory(openat(file.directory, file.name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct statfs status {};
  return directory && fstatfs(directory.get(), &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

Snapshot snapshot(const std::string& directory) {
  Snapshot out;
  const sys::Fd top(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat own {};
  if (!top || fstat(top.get(), &own) != 0) return {{"", "cannot be read"}};
  walk(top.get(), "", [&](const Visited& file) {
    if (file.info.st_dev != own.st_dev) return false;
    out.emplace(file.path, line_of(file));
    return true;
  });
  return out;
}

std::string difference(const Snapshot& before, const Snapshot& after) {
  for (const auto& [path, line] : after) {
    const auto found = before.find(path);
    if (found == before.end()) return cat("new ", path, " ", line);
    if (found->second != line) return cat(path, " was ", found->second, ", is ", line);
  }
  for (const auto& [path, line] : before) {
    if (!after.contains(path)) return cat("gone ", path, " ", line);
  }
  return "";
}

Mounts mounts_of(const std::string& process) {
  Mounts out;
  const std::string text = read_file(cat("/proc/", process, "/mountinfo"));
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 10 || dash == fields.end()) continue;
    out.emplace(fields[0],
                Mount{std::string(fields[2]), std::string(fields[3]), std::string(fields[4]),
                      std::string(fields[5]), std::string(*(dash + 1))});
  }
  return out;
}

std::string device_of(const std::string& directory) {
  struct stat info {};
  return stat(directory.c_str(), &info) == 0 ? number(info.st_dev) : "";
}

std::string file_with(const std::string& directory, const std::vector<std::string_view>& texts,
                      const std::vector<std::string>& left_out_devices) {
  std::string found;
  const sys::Fd top(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  walk(top.get(), "", [&](const Visited& file) {
    if (!found.empty() || std::ranges::count(left_out_devices, number(file.info.st_dev)) != 0) {
      return false;
    }
    if (S_ISDIR(file.info.st_mode)) return !is_proc(file);
    if (!S_ISREG(file.info.st_mode) || file.info.st_blocks == 0 || is_proc(file)) return false;
    const std::string content = content_at(file.directory, file.name, file.info);
    for (const std::string_view text : texts) {
      if (content.contains(text)) found = cat(file.path, ": ", excerpt(content));
    }
    return false;
  });
  return found;
}

}  // namespace nvbox::test::matrix
