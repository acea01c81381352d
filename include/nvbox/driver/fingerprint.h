// What a CDI specification of this host depends on, in a few bytes: to tell whether one that was
// written earlier still describes the host.
#pragma once

#include <string>

#include "nvbox/base/result.h"
#include "nvbox/driver/discover.h"
#include "nvbox/driver/inventory.h"

namespace nvbox::driver {

struct Fingerprint {
  std::string driver_version{};  // of the loaded kernel module
  // 16 hexadecimal digits that stand for the GPUs (UUIDs, bus addresses), their MIG devices as they
  // were made, and every device node with its numbers, mode and group.
  std::string devices{};

  bool operator==(const Fingerprint&) const = default;
};

// Of an inventory that was discovered with GPUs, IMEX channels and Capabilities::all.
Fingerprint fingerprint_of(const Inventory& inventory);

// Looks at /proc, /sys and /dev only; no device is opened and no library is looked for. An error
// when no driver is loaded.
Result<Fingerprint> take_fingerprint(const Roots& roots);

}  // namespace nvbox::driver
