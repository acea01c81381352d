// The names that one processor architecture goes by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nvbox::driver {

struct Architecture {
  std::uint16_t machine;     // e_machine of its ELF files
  std::uint16_t machine_32;  // of the 32-bit files that it runs too
  std::string_view name;     // uname -m
  std::string_view triplet_32;
};

// x86-64's for machines without a driver.
const Architecture& architecture_of(std::uint16_t machine);

// `text` with each '@' replaced by the architecture's name.
std::string for_architecture(std::string_view text, const Architecture& architecture);

}  // namespace nvbox::driver
