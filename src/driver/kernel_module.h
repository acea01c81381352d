// The loaded kernel module: its version and what it says about device files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "driver/context.h"
#include "driver/inventory.h"

namespace nvbox::driver {

// The driver's version in /proc/driver/nvidia/version; nullopt when the text has none.
std::optional<std::string> parse_version_file(std::string_view text);

// Digits and dots, with at least one dot between digits: "565.77", "535.261.03".
bool is_version(std::string_view text);

// The content of /proc/driver/nvidia/version; nullopt when there is none.
using VersionText = Result<std::optional<std::string>>;
VersionText read_version_file(const host::Root& host);

// `told` is what that file says. An error when no driver is loaded.
Result<Driver> read_driver(const Context& context, const VersionText& told);

}  // namespace nvbox::driver
