#include "machine/nodes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/defer.h"
#include "base/path.h"
#include "base/text.h"
#include "host/root_write.h"
#include "sys/cgroup.h"
#include "sys/fd.h"

namespace nvbox::machine {
namespace {

using driver::ExpectedNode;

sys::Fd open_entry(const sys::Fd& directory, const std::string& name) {
  return sys::Fd(openat(directory.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

bool is_device(const struct stat& status, const ExpectedNode& node) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(node.major, node.minor);
}

bool has_mode(const struct stat& status, const ExpectedNode& node) {
  return (status.st_mode & mode_t{07777}) == node.mode;
}

bool has_owner(const struct stat& status, const ExpectedNode& node) {
  return status.st_uid == node.uid && status.st_gid == node.gid;
}

// Of devtmpfs (drivers/base/devtmpfs.c), of mknod(1) with the usual umasks, and of the driver.
constexpr mode_t default_modes[] = {0600, 0640, 0644, 0666};

bool has_default_access(const struct stat& status) {
  const mode_t mode = status.st_mode & mode_t{07777};
  return status.st_uid == 0 && status.st_gid == 0 &&
         std::ranges::find(default_modes, mode) != std::end(default_modes);
}

bool is_node(const sys::Fd& entry, const ExpectedNode& node) {
  struct stat status {};
  return entry && fstat(entry.get(), &status) == 0 && is_device(status, node);
}

Result<> set_access(const sys::Fd& entry, const ExpectedNode& node) {
  struct stat status {};
  if (fstat(entry.get(), &status) != 0) return Error("stat", errno);
  if (!has_owner(status, node) &&
      fchownat(entry.get(), "", node.uid, node.gid, AT_EMPTY_PATH) != 0) {
    return Error("set its owner", errno);
  }
  // A descriptor opened with O_PATH has no fchmod(2).
  if (!has_mode(status, node) && chmod(sys::proc_path(entry.get()).c_str(), node.mode) != 0) {
    return Error("set its mode", errno);
  }
  return {};
}

// A new node gets its place when it has its mode and owner: whatever fails meanwhile, and whenever
// this process is killed, there is what was there or the node as it should be. Another process may
// make it at the same time.
Result<> put_in_place(const sys::Fd& directory, const std::string& name, const ExpectedNode& node) {
  std::string temporary = cat(".", name, ".nvbox-", getpid());
  unlinkat(directory.get(), temporary.c_str(), 0);
  if (mknodat(directory.get(), temporary.c_str(), S_IFCHR | node.mode,
              makedev(node.major, node.minor)) != 0) {
    return Error("make the node", errno);
  }
  const Defer remove([&] {
    if (!temporary.empty()) unlinkat(directory.get(), temporary.c_str(), 0);
  });
  const sys::Fd entry = open_entry(directory, temporary);
  if (!entry) return Error("open the new node", errno);
  NVBOX_TRY(set_access(entry, node));
  if (renameat(directory.get(), temporary.c_str(), directory.get(), name.c_str()) != 0) {
    return Error("remove what is in its place", errno);
  }
  temporary.clear();
  return {};
}

// Those in this directory.
driver::ExpectedNodes nodes_in(std::string_view directory, driver::ExpectedNodes expected) {
  std::erase_if(expected.nodes,
                [&](const ExpectedNode& node) { return path::parent(node.path) != directory; });
  return expected;
}

size_t make_missing(const driver::Roots& roots, const std::vector<ExpectedNode>& nodes,
                    const Log& log) {
  if (sys::is_in_user_namespace()) return 0;
  size_t count = 0;
  for (const ExpectedNode& node : nodes) {
    if (!node.may_be_made) continue;
    const auto state = look_at_node(roots.dev, node);
    if (!state || (*state != NodeState::missing && *state != NodeState::other_thing)) continue;
    const Result<> made = make_node(roots.dev, node);
    const auto now = look_at_node(roots.dev, node);
    if (now && *now == NodeState::right) ++count;
    if (!made) log.warning(cat("device node ", made.error().full_message()));
  }
  return count;
}

}  // namespace

Result<> make_node_itself(const host::Root& dev, const ExpectedNode& node) {
  const std::string where = path::join(dev.path(), node.path);
  const sys::Fd directory =
      NVBOX_TRY(host::make_directories(dev, path::parent(node.path)).in(where));
  const std::string name(path::base_name(node.path));
  const sys::Fd entry = open_entry(directory, name);
  if (is_node(entry, node)) return set_access(entry, node).in(where);
  return put_in_place(directory, name, node).in(where);
}

Result<NodeState> look_at_node(const host::Root& dev, const ExpectedNode& node) {
  const Result<sys::Fd> entry = dev.open_at(node.path, O_PATH | O_NOFOLLOW);
  if (!entry && host::is_absence(entry.error())) return NodeState::missing;
  if (!entry) return entry.error();
  struct stat status {};
  if (fstat(entry->get(), &status) != 0) return Error(cat("stat ", node.path), errno);
  if (!is_device(status, node)) return NodeState::other_thing;
  if (has_mode(status, node) && has_owner(status, node)) return NodeState::right;
  return has_default_access(status) ? NodeState::default_access : NodeState::other_access;
}

Result<> make_node(const host::Root& dev, const ExpectedNode& node) {
  if (node.may_be_made) NVBOX_TRY(make_node_itself(dev, node));
  constexpr std::string_view dev_directory = "/dev/";
  const std::string target = cat("../", std::string_view(node.path).substr(dev_directory.size()));
  const std::string link = cat("/dev/char/", node.major, ":", node.minor);
  Result<host::Changed> made = host::make_link(dev, target, link);
  if (!made) return std::move(made).error();
  return {};
}

Result<> make_node_if_missing(const host::Root& dev, const ExpectedNode& node) {
  if (!node.may_be_made) return {};
  switch (NVBOX_TRY(look_at_node(dev, node))) {
    case NodeState::missing:
    case NodeState::other_thing:
      return make_node(dev, node);
    case NodeState::default_access:
      return make_node_itself(dev, node);
    case NodeState::right:
    case NodeState::other_access:
      break;
  }
  return {};
}

driver::ExpectedNodes imex_nodes(const host::Root& host, const std::vector<unsigned>& channels) {
  return nodes_in("/dev/nvidia-caps-imex-channels", driver::expected_nodes(host, channels));
}

size_t make_capability_nodes(const driver::Roots& roots, const Log& log) {
  const driver::ExpectedNodes expected =
      nodes_in(driver::mig_node_directory, driver::expected_nodes(roots.host, {}));
  return make_missing(roots, expected.nodes, log);
}

size_t make_imex_channels(const driver::Roots& roots, const std::vector<unsigned>& channels,
                          const Log& log) {
  return make_missing(roots, imex_nodes(roots.host, channels).nodes, log);
}

}  // namespace nvbox::machine
