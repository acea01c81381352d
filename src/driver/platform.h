// What kind of driver this host has, from files alone.
#pragma once

#include <string_view>

#include "driver/discover.h"
#include "driver/inventory.h"
#include "driver/kernel_module.h"

namespace nvbox::driver {

// Whether the model of a GPU ("NVIDIA Thor", "Orin (nvgpu)") is that of one in the same chip as the
// CPU. NVIDIA's names (IsIntegratedGPUName of go-nvlib's pkg/nvlib/info).
bool is_integrated(std::string_view model);

// wsl where there is Windows' node for GPUs and no driver in the kernel; the peer dlopens
// libdxcore. tegra where the kernel or the installation says so and a GPU in the same chip is what
// there is, alone or beside others; a Tegra whose integrated GPU is switched off in favour of a
// card is dgpu, like everything else.
//
// The peer dlopens NVML and asks it for names. What those decide is in files as well: a GPU of the
// usual driver has its model in /proc, and the integrated ones of nvgpu, which are not there, have
// nodes of their own. Whether a driver is loaded at all is not this function's question.
//
// `told` is what the driver says of itself, which names the machine: x86_64 is looked at no
// further.
DriverKind platform_of(const Roots& roots, const VersionText& told);

}  // namespace nvbox::driver
