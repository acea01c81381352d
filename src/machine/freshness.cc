#include "machine/freshness.h"

#include <algorithm>

#include "base/text.h"
#include "driver/fingerprint.h"

namespace nvbox::machine {
namespace {

// Majors of some of the driver's devices are given out anew at every boot. A node that the host
// does not have now is made in the container from the numbers in the file.
std::optional<std::string> renumbered(const spec::ContainerEdits& edits, const host::Root& host) {
  for (const spec::DeviceNode& node : edits.nodes) {
    const std::string& path = node.host_path.empty() ? node.path : node.host_path;
    const auto found = host.device(path);
    if (node.major == 0 || !found || !*found) continue;
    if ((*found)->major == node.major && (*found)->minor == node.minor) continue;
    return cat(path, " is device ", (*found)->major, ":", (*found)->minor, " now");
  }
  return std::nullopt;
}

std::optional<std::string> renumbered(const spec::CdiSpec& spec, const host::Root& host) {
  if (auto found = renumbered(spec.edits, host)) return found;
  for (const spec::CdiDevice& device : spec.devices) {
    if (auto found = renumbered(device.edits, host)) return found;
  }
  return std::nullopt;
}

// A GPU that was put into the slot of another has its PCI address, so that only the UUID tells them
// apart. The driver hides UUIDs until a GPU is used for the first time ("GPU-????????-..."); as
// long as one is hidden, none is said to be gone.
std::optional<std::string> lost_gpu(const spec::CdiSpec& spec,
                                    const std::vector<driver::Gpu>& gpus) {
  if (!std::ranges::all_of(gpus, driver::has_known_uuid)) return std::nullopt;
  for (const spec::CdiDevice& device : spec.devices) {
    if (!device.name.starts_with("GPU-")) continue;
    if (std::ranges::find(gpus, device.name, &driver::Gpu::uuid) != gpus.end()) continue;
    return cat(device.name, " is not in this host any more");
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<std::string>> staleness(const config::CdiFile& file,
                                             const driver::Roots& roots) {
  if (!file.stamp) return std::optional<std::string>();
  const driver::Inventory inventory = NVBOX_TRY(driver::look_at_devices(roots));
  if (inventory.driver.kind == driver::DriverKind::tegra) {
    return std::optional<std::string>("it was made for another kind of driver than this host has");
  }
  const driver::Fingerprint now = driver::fingerprint_of(inventory);
  if (file.stamp->driver_version != now.driver_version) {
    return std::optional(cat("it was made for driver ", file.stamp->driver_version, ", and ",
                             now.driver_version, " is loaded"));
  }
  if (file.stamp->devices != now.devices) {
    return std::optional<std::string>("it was made for other devices than there are now");
  }
  if (auto lost = lost_gpu(file.spec, inventory.gpus)) return lost;
  return renumbered(file.spec, roots.host);
}

}  // namespace nvbox::machine
