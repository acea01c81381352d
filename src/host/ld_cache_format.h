// The bytes of /etc/ld.so.cache (glibc, sysdeps/generic/dl-cache.h):
//
//   Header, Entry[count], strings, padding to 4, ExtensionHeader, Extension[count], their data
//
// Offsets of strings count from the Header, those of extensions from the file. ldconfig up to glibc
// 2.31 puts an OldHeader with OldEntry[count] before all this, for loaders of the last millennium.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace nvbox::host::ld_cache {

static_assert(std::endian::native == std::endian::little, "the structs are copied as they are");

inline constexpr std::string_view magic = "glibc-ld.so.cache1.1";
inline constexpr std::string_view old_magic = "ld.so-1.7.0";

struct Header {
  char magic[20];
  std::uint32_t entry_count;
  std::uint32_t string_bytes;
  std::uint8_t byte_order;  // 0 in files of glibc before 2.33
  std::uint8_t padding[3];
  std::uint32_t extension_offset;  // 0 in files of glibc before 2.33
  std::uint32_t unused[3];
};
static_assert(sizeof(Header) == 48);

inline constexpr std::uint8_t byte_order_mask = 3;
inline constexpr std::uint8_t little_endian = 2;

struct Entry {
  std::int32_t flags;
  std::uint32_t name;
  std::uint32_t path;
  std::uint32_t os_version;
  std::uint64_t hwcap;
};
static_assert(sizeof(Entry) == 24);

// An Entry's hwcap with this bit, and otherwise only an instruction set level in bits 32 to 41,
// holds an index into the list of glibc-hwcaps names.
inline constexpr std::uint64_t hwcap_is_subdirectory = std::uint64_t{1} << 62;
inline constexpr std::uint32_t isa_level_mask = 1023;

struct ExtensionHeader {
  std::uint32_t magic;
  std::uint32_t count;
};

inline constexpr std::uint32_t extension_magic = 0xeaa42174;

struct Extension {
  std::uint32_t tag;
  std::uint32_t flags;
  std::uint32_t offset;
  std::uint32_t size;
};

inline constexpr std::uint32_t tag_generator = 0;
inline constexpr std::uint32_t tag_subdirectories = 1;

struct OldHeader {
  char magic[11];
  std::uint32_t entry_count;
};
static_assert(sizeof(OldHeader) == 16);

inline constexpr size_t old_entry_size = 12;

}  // namespace nvbox::host::ld_cache
