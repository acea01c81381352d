// The bytes of the program src/nvml/helper, an ELF file.
#pragma once

#include <string_view>

namespace nvbox::nvml {

// Whole, to be executed from memory. Never empty.
std::string_view helper_image();

}  // namespace nvbox::nvml
