// What an installation consists of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nvbox/base/result.h"
#include "nvbox_install_plan.h"

namespace nvbox::applets::installation {

enum class CdiHook { no, yes };

// The bytes of this program.
Result<std::string> own_binary();

// The directory that it lies in; nullopt where there is no /proc to tell.
std::optional<std::string> own_directory();

// The binary, and a link for every program of the chosen groups, beside it.
std::vector<Item> programs(std::string_view bindir, std::string binary, CdiHook cdi_hook);

// systemd's units and udev's rule that keep the CDI specification of the host up to date.
std::vector<Item> units(std::string_view bindir);

}  // namespace nvbox::applets::installation
