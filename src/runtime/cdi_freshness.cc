#include "runtime/cdi_freshness.h"

#include "nvbox/base/text.h"
#include "nvbox/driver/fingerprint.h"

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

// Two words of the same host are equal; what they stand for is the driver's business.
std::optional<std::string> difference(const spec::CdiStamp& stamp, const driver::Roots& roots) {
  const auto now = driver::take_fingerprint(roots);
  if (!now) return std::nullopt;
  if (stamp.driver_version != now->driver_version) {
    return cat("it was made for driver ", stamp.driver_version, ", and ", now->driver_version,
               " is loaded");
  }
  if (stamp.devices != now->devices) return "it was made for other devices than there are now";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> staleness(const config::CdiFile& file, const driver::Roots& roots) {
  return file.stamp ? difference(*file.stamp, roots) : missing_file(file.spec, roots.host);
}

}  // namespace nvbox::runtime
