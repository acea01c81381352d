// The driver of a Tegra (platform.h): its CSV files (tegra_csv.h), and what tables know of the chip
// and of the release of L4T, NVIDIA's Linux for it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "driver/context.h"
#include "driver/inventory.h"
#include "driver/kernel_module.h"

namespace nvbox::driver {

// "36.4.3" of the first line of /etc/nv_tegra_release,
//     # R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: ...
// Empty when it is none.
std::string parse_l4t_release(std::string_view text);

// The CUDA version of the driver of a release, "12.6" of "36.4.3"; empty when not known. Every
// release up to now has one (NVIDIA's JetPack archive).
std::string_view cuda_version_of_l4t(std::string_view release);

// Driver, GPUs, files and links, as far as they are needed. A driver without a version is one of
// nvgpu's before L4T 36. An error when files are needed and no CSV file says which; where only
// devices are, that is the integrated GPU's problem. `told` is the driver's version file.
Result<> discover_tegra(const Context& context, const VersionText& told, Inventory& inventory);

}  // namespace nvbox::driver
