// The files and links of a Tegra's driver, by the entries of its CSV files.
#pragma once

#include <vector>

#include "driver/context.h"
#include "driver/inventory.h"
#include "driver/tegra_csv.h"

namespace nvbox::driver {

// Adds libraries, other files and links. What is not there is counted and told in one problem, with
// the first of it; a loop of links, a library for another machine and what may not be read as well.
// Where the CSV files name libcuda or libnvidia-ml and none is found, that is a failure of the
// core.
void add_tegra_files(const Context& context, const std::vector<CsvFile>& files,
                     Inventory& inventory);

}  // namespace nvbox::driver
