// The GPUs of a Tegra: the integrated one, and cards beside it.
#pragma once

#include <string_view>
#include <vector>

#include "driver/context.h"
#include "driver/inventory.h"
#include "driver/tegra_csv.h"

namespace nvbox::driver {

// The integrated GPU is the first, as with NVML; it has the nodes that the CSV files name. Where
// there are cards as well, those have the nodes of the files that belong to no GPU, and beside
// their own the driver's control nodes; the integrated one then has every /dev/nvidiaN that is no
// card's. (The peer does this for one card, which has to be /dev/nvidia1, and adds /dev/nvidia2,
// Thor's screen: pkg/nvcdi/lib-csv.go.)
//
// `model` is the integrated GPU's where the driver does not tell.
std::vector<Gpu> find_tegra_gpus(const Context& context, const std::vector<CsvFile>& files,
                                 std::string_view model);

}  // namespace nvbox::driver
