#include "apply/complete_nodes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>

#include "base/text.h"

namespace nvbox::apply {
namespace {

using host::DeviceNumber;

// The device or FIFO; nullopt when something else or nothing is there.
Result<std::optional<DeviceNumber>> find_node(const host::Root& host, const std::string& path) {
  const std::optional<DeviceNumber> device = NVBOX_TRY(host.device(path));
  if (device) return device;
  Result<sys::Fd> entry = host.open_at(path, O_PATH | O_NOFOLLOW);
  if (!entry && host::is_absence(entry.error())) return std::nullopt;
  if (!entry) return std::move(entry).error();
  struct stat info {};
  if (fstat(entry->get(), &info) != 0) return Error("stat", errno);
  if (!S_ISFIFO(info.st_mode)) return std::nullopt;
  return std::optional(
      DeviceNumber{'p', 0, 0, info.st_mode & mode_t{07777}, info.st_uid, info.st_gid});
}

bool is_complete(const spec::DeviceNode& node) {
  return node.type == 'p' || (node.type != '\0' && node.major != 0);
}

// What a type is to stat(2), where "unbuffered" is not a type of its own.
char type_on_disk(char type) {
  return type == 'u' ? 'c' : type;
}

Result<> complete(const host::Root& host, spec::DeviceNode& node) {
  const std::string& path = node.host_path.empty() ? node.path : node.host_path;
  const Result<std::optional<DeviceNumber>> found = find_node(host, path);
  if (is_complete(node)) {
    if (node.file_mode == 0 && found && *found) node.file_mode = (*found)->mode;
    return {};
  }
  if (!found) return found.error();
  if (!*found) {
    return Error(cat("the host has no device ", path))
        .hint("load its driver, or correct the CDI specification");
  }
  const DeviceNumber& device = **found;
  if (node.type == '\0') node.type = device.type;
  if (type_on_disk(node.type) != device.type) {
    return Error(cat("its type is ", std::string(1, node.type), ", but the host's ", path,
                     " has type ", std::string(1, device.type)))
        .hint("correct the CDI specification");
  }
  if (node.file_mode == 0) node.file_mode = device.mode;
  if (node.major != 0) return {};
  node.major = device.major;
  node.minor = device.minor;
  return {};
}

}  // namespace

Result<> complete_nodes(const host::Root& host, spec::ContainerEdits& edits) {
  for (spec::DeviceNode& node : edits.nodes) {
    NVBOX_TRY(complete(host, node).in(cat("device node ", node.path)));
  }
  return {};
}

}  // namespace nvbox::apply
