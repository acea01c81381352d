#include "driver/architecture.h"

#include <elf.h>

namespace nvbox::driver {
namespace {

constexpr Architecture architectures[] = {
    {EM_X86_64, EM_386, "x86_64", "i386-linux-gnu"},
    {EM_AARCH64, EM_ARM, "aarch64", "arm-linux-gnueabihf"},
};

}  // namespace

const Architecture& architecture_of(std::uint16_t machine) {
  for (const Architecture& row : architectures) {
    if (row.machine == machine) return row;
  }
  return architectures[0];
}

std::string for_architecture(std::string_view text, const Architecture& architecture) {
  std::string out;
  for (const char character : text) {
    if (character == '@') {
      out += architecture.name;
    } else {
      out += character;
    }
  }
  return out;
}

}  // namespace nvbox::driver
