// What config.toml says about Tegras, for discovery.
#pragma once

#include <string_view>

#include "config/config.h"
#include "driver/discover.h"

namespace nvbox::runtime {

driver::CsvSearch csv_search(const config::Config& config);

// What a mode is for: csv for Tegras, every other for what this host has (none).
driver::DriverKind kind_of_mode(std::string_view mode);

}  // namespace nvbox::runtime
