// Running the program src/nvml/helper on this machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/context.h"
#include "driver/inventory.h"

namespace nvbox::nvml {

// What it printed (nvml/answer.h) before it ended, or was ended.
struct HelperOutput {
  std::string text{};
  // Why it did not come to its end; `text` has what it told before.
  std::optional<Error> failure{};
};

// Asks about the GPUs at these PCI addresses. It may be silent for `timeout_s` seconds, each time
// that it has something to say anew. With a driver root that is complete, loader and nvidiactl
// included, the helper runs inside it; else the host's C library loads the driver's. An error when
// it could not be started.
Result<HelperOutput> run_helper(const driver::Context& context, const driver::Inventory& inventory,
                                const std::vector<std::string>& bus_ids, unsigned timeout_s);

}  // namespace nvbox::nvml
