// The device lists of nvidia-container-cli: --device=0,GPU-5f2...,0000:3b:00.0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/inventory.h"
#include "plan/request.h"
#include "plan/select.h"

namespace nvbox::plan {

struct DeviceList {
  Selection selection{};
  // "all" was in the list; what stands behind it is not looked at.
  bool is_all = false;

  bool operator==(const DeviceList&) const = default;
};

// The list as a request, for what NVML has to be asked about it. What stands in front of "all" has
// to exist, too.
Request request_of(std::string_view list);

// Like select, but as the peer's command line has it where they differ: empty items are no item,
// "all" is every GPU, those with MIG instances too, and every MIG device; a MIG device comes with
// its GPU. Numbers may have blanks and a plus sign in front of them. A host without GPUs has
// nothing to select from, so nothing is wrong with any list there. What cannot be found is "X:
// unknown device".
Result<DeviceList> select_devices(const driver::Inventory& inventory, std::string_view list);

// --imex-channel=0,3: channel numbers.
Result<std::vector<unsigned>> parse_imex_channels(std::string_view list);

}  // namespace nvbox::plan
