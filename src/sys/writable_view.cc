// crun makes a root file system that shall be read-only so before it runs createContainer hooks,
// runc afterwards. Both bind the bundle's directory onto itself first and change that bind only.
// So the mount below the bind tells what the engine meant: where that one is writable, a copy of
// the bind without the flag gives the hook under crun what it has under runc, and nothing more.
#include "sys/writable_view.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <algorithm>
#include <cstdint>

#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace nvbox::sys {
namespace {

// What a line of /proc/self/mountinfo says, paths escaped as they are there (proc(5)).
struct MountLine {
  std::string_view id;
  std::string_view parent;
  std::string_view device;
  std::string_view root;
  std::string_view point;
  std::string_view options;
  std::string_view super_options;
};

std::vector<MountLine> parse_mounts(std::string_view mountinfo) {
  std::vector<MountLine> out;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    if (fields.size() < 10) continue;
    out.push_back(
        {fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields.back()});
  }
  return out;
}

const MountLine* find_mount(const std::vector<MountLine>& mounts, std::string_view id) {
  const auto found = std::ranges::find(mounts, id, &MountLine::id);
  return found == mounts.end() ? nullptr : &*found;
}

bool is_writable(std::string_view options) {
  return options == "rw" || options.starts_with("rw,");
}

// Whether `below` shows at the mount point of `mount` the very directory that `mount` shows.
bool shows_the_same(const MountLine& mount, const MountLine& below) {
  return mount.device == below.device && path::is_below(mount.point, below.point) &&
         path::join(below.root,
                    below.point == "/" ? mount.point : mount.point.substr(below.point.size())) ==
             mount.root;
}

bool is_made_read_only_by_the_runtime(int directory) {
  const Result<std::uint64_t> id = mount_id(directory);
  const Result<std::string> place = path_of(directory);
  const Result<Fd> file = open_path("/proc/self/mountinfo", O_RDONLY);
  if (!id || !place || !file) return false;
  const Result<std::string> text = read_all(file->get(), size_t{16} * 1024 * 1024);
  if (!text) return false;
  const std::vector<MountLine> mounts = parse_mounts(*text);
  const MountLine* mount = find_mount(mounts, cat(*id));
  // A directory inside a mount is not what a runtime prepared.
  if (mount == nullptr || mount->point != *place) return false;
  const MountLine* below = find_mount(mounts, mount->parent);
  return below != nullptr && is_writable(mount->super_options) && is_writable(below->options) &&
         shows_the_same(*mount, *below);
}

}  // namespace

std::optional<Fd> writable_view(int directory) {
  struct statvfs status {};
  if (fstatvfs(directory, &status) != 0 || (status.f_flag & ST_RDONLY) == 0) return std::nullopt;
  if (!is_made_read_only_by_the_runtime(directory)) return std::nullopt;
  Fd view(
      open_tree(directory, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  struct mount_attr attributes {};
  attributes.attr_clr = MOUNT_ATTR_RDONLY;
  attributes.propagation = MS_PRIVATE;
  if (!view || mount_setattr(view.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return std::nullopt;
  }
  return view;
}

}  // namespace nvbox::sys
