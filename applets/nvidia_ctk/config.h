// Reading and writing a file that the operator names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nvbox::applets {

// nullopt when it does not exist.
Result<std::optional<std::string>> read_named_file(const std::string& path);

// Replaces the file in one step and keeps its mode; a new one has 0644. A link is followed and
// stays. Missing directories are made, and a file that has the text already is not touched. Devices
// and pipes are written to.
Result<> write_named_file(const std::string& path, std::string_view text);

}  // namespace nvbox::applets
