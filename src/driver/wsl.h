// The driver of Windows as WSL 2 shows it to Linux: one node for all GPUs, and libraries for Linux
// in a directory of Windows' driver store.
#pragma once

#include "base/result.h"
#include "driver/context.h"
#include "driver/inventory.h"

namespace nvbox::driver {

// What every GPU of Windows is used by.
inline constexpr std::string_view wsl_node = "/dev/dxg";

// Fills the inventory: one GPU without a name, which stands for all of Windows', and what NVIDIA's
// toolkit gives of the driver store (v1.20.0: pkg/nvcdi/driver-wsl.go), at its places there. Nobody
// but NVML knows versions and GPUs, and it is not asked.
//
// The toolkit asks libdxcore which stores belong to GPUs, and takes the first with libcuda.so.1.1;
// here it is the store that /usr/lib/wsl/lib was filled from, where several have that library. An
// error when none has.
Result<> discover_wsl(const Context& context, Inventory& inventory);

}  // namespace nvbox::driver
