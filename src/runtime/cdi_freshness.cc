#include "runtime/cdi_freshness.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "nvbox/base/text.h"

namespace nvbox::runtime {
namespace {

// A file system of the kernel has no file on the host ("tmpfs").
bool is_host_path(std::string_view path) {
  return path.starts_with('/');
}

std::vector<std::string_view> host_paths(const spec::ContainerEdits& edits) {
  std::vector<std::string_view> paths;
  for (const spec::Mount& mount : edits.mounts) paths.emplace_back(mount.host_path);
  for (const spec::DeviceNode& node : edits.nodes) {
    paths.emplace_back(node.host_path.empty() ? node.path : node.host_path);
  }
  return paths;
}

std::optional<std::string> missing_file(const spec::ContainerEdits& edits, const host::Root& host) {
  for (const std::string_view path : host_paths(edits)) {
    if (!is_host_path(path)) continue;
    const auto info = host.stat(path);
    if (info && !*info) return cat(path, " does not exist");
  }
  return std::nullopt;
}

std::optional<std::string> missing_file(const spec::CdiSpec& spec, const host::Root& host) {
  if (auto missing = missing_file(spec.edits, host)) return missing;
  for (const spec::CdiDevice& device : spec.devices) {
    if (auto missing = missing_file(device.edits, host)) return missing;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> staleness(const spec::CdiSpec& spec, const host::Root& host) {
  return missing_file(spec, host);
}

}  // namespace nvbox::runtime
