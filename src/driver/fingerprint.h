// What a CDI specification of this host depends on, in a few bytes: to tell whether one that was
// written earlier still describes the host.
#pragma once

#include <string>

#include "base/result.h"
#include "driver/discover.h"
#include "driver/inventory.h"

namespace nvbox::driver {

struct Fingerprint {
  std::string driver_version{};  // of the loaded kernel module
  // 16 hexadecimal digits that stand for the GPUs (bus addresses, minor numbers, names of DRM
  // devices) and their MIG devices as they were made. UUIDs and the numbers of nodes are in the
  // specification itself; modes and groups are not what a specification is about.
  std::string devices{};

  bool operator==(const Fingerprint&) const = default;
};

// Of an inventory that was discovered with GPUs and Capabilities::all, or by look_at_devices.
Fingerprint fingerprint_of(const Inventory& inventory);

// The driver and the GPUs, from /proc, /sys and /dev only; no device is opened and no library is
// looked for. An error when no driver is loaded. Of a Tegra, whose CSV files decide, only that it
// is one.
Result<Inventory> look_at_devices(const Roots& roots);

}  // namespace nvbox::driver
