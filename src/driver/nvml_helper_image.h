// The bytes of the program src/driver/nvml_helper, an ELF file.
#pragma once

#include <string_view>

namespace nvbox::driver {

// Whole, to be executed from memory. Never empty.
std::string_view nvml_helper_image();

}  // namespace nvbox::driver
