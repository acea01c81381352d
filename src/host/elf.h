// What an ELF file says about itself: the little of it that finding and ordering libraries needs.
// The file is untrusted: every offset and length is checked, and a few small reads answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nvbox::host {

// Values of ElfInfo::type and ElfInfo::machine, as in <elf.h>.
inline constexpr std::uint16_t elf_type_program = 2;
inline constexpr std::uint16_t elf_type_shared_object = 3;
inline constexpr std::uint16_t elf_machine_386 = 3;
inline constexpr std::uint16_t elf_machine_arm = 40;
inline constexpr std::uint16_t elf_machine_x86_64 = 62;
inline constexpr std::uint16_t elf_machine_aarch64 = 183;

struct ElfInfo {
  bool is_64 = false;
  std::uint16_t machine = 0;
  std::uint16_t type = 0;
  std::uint32_t flags = 0;  // e_flags: the ABI variant on some machines
  bool is_dynamic = false;  // has dynamic linking information
  std::string soname{};     // empty when the file has none

  bool operator==(const ElfInfo&) const = default;
};

// Reads with pread from a regular file's descriptor. nullopt when it is not a well-formed little
// endian ELF file; an error only when reading itself fails.
Result<std::optional<ElfInfo>> read_elf(int fd);

// The content of the first section with this name; nullopt when there is none or the file is not a
// well-formed ELF file. EFBIG when it is longer than `limit`.
Result<std::optional<std::string>> read_elf_section(int fd, std::string_view name, size_t limit);

}  // namespace nvbox::host
