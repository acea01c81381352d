// What an ELF file says about itself: the little of it that finding and ordering libraries needs.
// The file is untrusted: every offset and length is checked, and a few small reads answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nvbox/base/result.h"

namespace nvbox::host {

// Values of e_type and e_machine that callers compare with.
inline constexpr std::uint16_t elf_type_program = 2;         // ET_EXEC
inline constexpr std::uint16_t elf_type_shared_object = 3;   // ET_DYN
inline constexpr std::uint16_t elf_machine_386 = 3;          // EM_386
inline constexpr std::uint16_t elf_machine_x86_64 = 62;      // EM_X86_64
inline constexpr std::uint16_t elf_machine_aarch64 = 183;    // EM_AARCH64

struct ElfInfo {
  bool is_64 = false;
  std::uint16_t machine = 0;
  std::uint16_t type = 0;
  std::uint32_t flags = 0;        // e_flags: the ABI variant on some machines
  bool is_dynamic = false;        // has a PT_DYNAMIC segment
  std::string soname{};           // empty when the file has none
  std::uint32_t os_version = 0;   // Linux version of the ABI note, 0x00030200 = 3.2.0; 0 = none

  bool operator==(const ElfInfo&) const = default;
};

// Reads from a regular file's descriptor with pread. nullopt when it is not a well-formed little
// endian ELF file; an error only when reading itself fails.
Result<std::optional<ElfInfo>> read_elf(int fd);

// The bytes of the section with this name; nullopt when there is no such section or the file is
// not a well-formed ELF file. EFBIG when the section is longer than `limit`.
Result<std::optional<std::string>> read_elf_section(int fd, std::string_view name, size_t limit);

}  // namespace nvbox::host
