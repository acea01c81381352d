#include "security/arena.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/path.h"
#include "base/text.h"
#include "namespaced/tree.h"

namespace nvbox::test {
namespace {

namespace fs = std::filesystem;

// Text that each reader takes for something: a directory with a library. Where it was read, it is
// in the loader's configuration or cache afterwards.
constexpr const char* secret = "/of-the-host-alone";

constexpr const char* volume = "/volume";
constexpr const char* procfs = "/kernel";

constexpr unsigned exchange = 2;  // RENAME_EXCHANGE, as in exchanger.h

using Status = struct stat;

std::optional<Status> look(const std::string& path) {
  Status info{};
  if (lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

// Whatever it is; what is mounted over stays, and then is_armed() says so.
void remove(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

ino_t inode(const std::string& path) {
  const auto info = look(path);
  return info ? info->st_ino : 0;
}

// Calls `with` each path of `directory` on its own file system, links not followed.
void walk(const std::string& directory, const std::function<void(const fs::path&)>& with) {
  const auto device = look(directory).value_or(Status{}).st_dev;
  auto entry = fs::recursive_directory_iterator(directory);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    const auto info = look(entry->path());
    if (!info || info->st_dev != device) {
      entry.disable_recursion_pending();
      continue;
    }
    with(entry->path());
  }
}

void put_doubles(const std::string& tree, const std::string& into) {
  put_directory(into);
  walk(tree, [&](const fs::path& path) {
    const fs::path twin = into / path.lexically_relative(tree);
    if (fs::is_directory(fs::symlink_status(path))) {
      put_directory(twin);
    } else {
      put_file(twin, cat(std::string_view(secret), "\n"));
    }
  });
}

// Device, root and point of each mount, in the words of /proc/self/mountinfo (proc(5)).
struct Shown {
  std::string device;
  std::string root;
  std::string point;
};

std::vector<Shown> mounts_below(const std::string& directory) {
  std::vector<Shown> out;
  const std::string text = read_file("/proc/self/mountinfo");
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 10 || !path::is_below(fields[4], directory)) continue;
    out.push_back({std::string(fields[2]), std::string(fields[3]), std::string(fields[4])});
  }
  return out;
}

}  // namespace

std::vector<Evil> evils_for(Kind kind) {
  using enum Evil;
  switch (kind) {
    case Kind::directory:
      return {absolute_link, climbing_link, volume_link, magic_link, fifo, device};
    case Kind::file:
      return {absolute_link, climbing_link, volume_link, magic_link, directory, fifo, device};
    case Kind::link:
      return {absolute_link, climbing_link, volume_link, magic_link};
  }
  return {};
}

const char* words_for(Evil evil) {
  switch (evil) {
    case Evil::absolute_link:
      return "absolute link";
    case Evil::climbing_link:
      return "climbing link";
    case Evil::volume_link:
      return "link to a volume";
    case Evil::magic_link:
      return "magic link";
    case Evil::directory:
      return "directory";
    case Evil::fifo:
      return "fifo";
    case Evil::device:
      return "device";
  }
  return "";
}

Arena::Arena(std::string scratch)
    : scratch_(std::move(scratch)),
      host_(scratch_ + "/host"),
      container_(scratch_ + "/rootfs"),
      outside_(scratch_ + "/outside") {}

bool Arena::furnish() {
  put_directory(host_);
  put_doubles(container_, outside_);
  const std::string on_volume = container_ + volume;
  put_directory(on_volume);
  put_directory(container_ + procfs);
  if (mount("volume", on_volume.c_str(), "tmpfs", 0, "mode=0755") != 0 ||
      mount("/proc", (container_ + procfs).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return false;
  }
  put_doubles(outside_, on_volume);
  // What the secret's text means, should somebody have read it.
  put_file(cat(container_, std::string_view(secret), "/libsecret.so.1"), "");
  before_ = stamps();
  return true;
}

// A file's ctime changes with its text, mode and names, a directory's with its entries (inode(7)),
// so what was made and removed again shows as well. Empty files to mount over may be made on a
// volume, which changes its directories.
std::vector<std::string> Arena::stamps() const {
  std::vector<std::string> out;
  for (const std::string& tree : {outside_, host_, container_ + volume}) {
    walk(tree, [&](const fs::path& path) {
      const Status info = look(path).value_or(Status{});
      if (S_ISDIR(info.st_mode) && tree.ends_with(volume)) return;
      if (info.st_size == 0 && tree.ends_with(volume)) return;
      out.push_back(cat(path.string(), " ", info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec));
    });
  }
  std::ranges::sort(out);
  return out;
}

bool Arena::holds_secret() const {
  bool found = false;
  walk(container_, [&](const fs::path& path) {
    const Status info = look(path).value_or(Status{});
    found = found || (S_ISREG(info.st_mode) && read_file(path).contains(secret));
  });
  return found;
}

void Arena::unmount_all() const {
  const auto all = mounts_below(scratch_);
  for (auto mount = all.rbegin(); mount != all.rend(); ++mount) {
    const bool is_furniture = mount->point == scratch_ || mount->point == container_ + volume ||
                              path::is_below(mount->point, container_ + procfs);
    if (!is_furniture) umount2(mount->point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
}

std::vector<std::string> Arena::take_harm() const {
  std::vector<std::string> out;
  if (holds_secret()) out.emplace_back("read");
  bool is_outside = false;
  bool shows_outside = false;
  const auto all = mounts_below(scratch_);
  // The roots of mounts are paths on their file systems, whose own names nobody knows but by this.
  const auto own = std::ranges::find(all, scratch_, &Shown::point);
  for (const Shown& mount : all) {
    is_outside |= mount.point != scratch_ && !path::is_below(mount.point, container_);
    shows_outside |=
        own != all.end() && mount.device == own->device && path::is_below(mount.root, "/outside");
  }
  if (is_outside) out.emplace_back("mounted outside");
  if (shows_outside) out.emplace_back("shows the outside");
  // Files of a volume may be mounted over, and could not be looked at.
  unmount_all();
  if (stamps() != before_) out.emplace_back("changed");
  return out;
}

Trap::Trap(const Arena& arena, Place place, Evil evil)
    : arena_(arena),
      place_(std::move(place)),
      evil_(evil),
      good_path_(arena.container() + place_.path),
      evil_path_(arena.container() + "/evil"),
      master_(arena.scratch() + "/good"),
      good_(inode(good_path_)) {
  if (place_.kind == Kind::directory) return;
  unlink(master_.c_str());
  const bool is_kept = linkat(AT_FDCWD, good_path_.c_str(), AT_FDCWD, master_.c_str(), 0) == 0;
  if (!is_kept) good_ = 0;
}

bool Trap::is_armed() const {
  const ino_t here = inode(good_path_);
  const ino_t there = inode(evil_path_);
  return bad_ != 0 && ((here == good_ && there == bad_) || (here == bad_ && there == good_));
}

void Trap::restore() const {
  if (inode(good_path_) != good_) {
    const bool is_away = place_.kind == Kind::directory;
    if (!is_away) remove(good_path_);
    const int failure =
        is_away ? renameat2(AT_FDCWD, evil_path_.c_str(), AT_FDCWD, good_path_.c_str(), exchange)
                : linkat(AT_FDCWD, master_.c_str(), AT_FDCWD, good_path_.c_str(), 0);
    if (failure != 0) return;
  }
  remove(evil_path_);
}

bool Trap::arm() {
  if (is_armed()) return true;
  restore();
  watch_.reset();
  if (!put_evil()) return false;
  bad_ = inode(evil_path_);
  const std::string target = watched();
  if (!target.empty()) watch_.emplace(target);
  return (!watch_ || watch_->is_ready()) && is_armed();
}

bool Trap::put_evil() const {
  const std::string twin = arena_.outside() + place_.path;
  switch (evil_) {
    case Evil::absolute_link:
      put_link(evil_path_, twin);
      return true;
    case Evil::climbing_link:
      put_link(evil_path_, "../../../../../../../../../.." + twin);
      return true;
    case Evil::volume_link:
      put_link(evil_path_, volume + place_.path);
      return true;
    case Evil::magic_link:
      put_link(evil_path_, cat(std::string_view(procfs), "/self/root", twin));
      return true;
    case Evil::directory:
      put_directory(evil_path_);
      return true;
    case Evil::fifo:
      return mkfifo(evil_path_.c_str(), 0644) == 0;
    case Evil::device:
      // Of what can be opened without harm: /dev/null.
      return mknod(evil_path_.c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  }
  return false;
}

std::string Trap::watched() const {
  switch (evil_) {
    case Evil::absolute_link:
    case Evil::climbing_link:
    case Evil::magic_link:
      return arena_.outside() + place_.path;
    case Evil::volume_link:
      if (place_.kind != Kind::file || place_.is_library) return {};
      return arena_.container() + volume + place_.path;
    case Evil::fifo:
    case Evil::device:
      return evil_path_;
    case Evil::directory:
      return {};
  }
  return {};
}

}  // namespace nvbox::test
