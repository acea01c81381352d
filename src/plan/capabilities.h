// NVIDIA_DRIVER_CAPABILITIES: which kinds of driver files a container gets.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "driver/inventory.h"

namespace nvbox::plan {

// One word of the list ("compute"); nullopt when it is not one.
std::optional<driver::Capabilities> capability(std::string_view word);

// The variable's value against what config.toml supports (both comma separated).
//   unset or empty       utility,compute, as far as supported; everything for a legacy CUDA image
//   contains "all"       everything supported
//   a list               the list; an error that names each word that is unknown or not supported
// `variable` is nullopt when it is not set.
Result<driver::Capabilities> driver_capabilities(std::optional<std::string_view> variable,
                                                 std::string_view supported, bool legacy_image);

}  // namespace nvbox::plan
