#include "runtime/cdi_freshness.h"

#include "nvbox/base/text.h"

namespace nvbox::runtime {
namespace {

// Device nodes do not count: one that gives its numbers is made in the container whether the host
// has it or not, and a host makes its own when they are first used.
std::optional<std::string> missing_file(const spec::ContainerEdits& edits, const host::Root& host) {
  for (const spec::Mount& mount : edits.mounts) {
    // A file system of the kernel has no file on the host ("tmpfs").
    if (!mount.host_path.starts_with('/')) continue;
    const auto info = host.stat(mount.host_path);
    if (info && !*info) return cat(mount.host_path, " does not exist");
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
