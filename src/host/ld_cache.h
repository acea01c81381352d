// The loader's cache, /etc/ld.so.cache, in the format "glibc-ld.so.cache1.1" of every glibc since
// 2.2. What is in it comes from an image and is untrusted.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/elf.h"

namespace nvbox::host {

struct LdCacheEntry {
  std::string name{};  // what programs ask for: a SONAME, or the name of a development link
  std::string path{};  // where it is
  // Which loaders may use it, see ld_cache_flags.
  std::int32_t flags = 0;
  // Least Linux version that old loaders accept it on; ldconfig writes 0 since glibc 2.36.
  std::uint32_t os_version = 0;
  // Processor features of the scheme that glibc 2.37 removed; 0 for most libraries.
  std::uint64_t hwcap = 0;
  // The directory below glibc-hwcaps that it is for, "x86-64-v3"; empty for most libraries.
  std::string subdirectory{};
  // With a subdirectory: the instruction set level that the library's own notes ask for.
  std::uint32_t isa_level = 0;

  bool operator==(const LdCacheEntry&) const = default;
};

struct LdCache {
  std::vector<LdCacheEntry> entries{};
  std::string generator{};  // the program that wrote it; empty before glibc 2.33

  bool operator==(const LdCache&) const = default;
};

// The entries in the file's order. An error when the loader would not accept the file, or when it
// is larger than any real one (100,000 entries, 16 MiB of text).
Result<LdCache> parse_ld_cache(std::string_view bytes);

// The loader's order of names, in which numbers count as numbers: libx.so.9 < libx.so.10. Negative,
// zero or positive; different names can be equal (libx.so.1 and libx.so.01).
int compare_library_names(std::string_view left, std::string_view right);

// The flags that ldconfig gives a library; nullopt when no loader would load it.
std::optional<std::int32_t> ld_cache_flags(const ElfInfo& library);

// The bytes of /etc/ld.so.cache (glibc, sysdeps/generic/dl-cache.h):
//
//   Header, Entry[count], strings, padding to 4, ExtensionHeader, Extension[count], their data
//
// Offsets of strings count from the Header, those of extensions from the file. ldconfig up to glibc
// 2.31 puts an OldHeader with OldEntry[count] before all this, for loaders of the last millennium.

namespace ld_cache {

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

}  // namespace ld_cache

// Making an /etc/ld.so.cache that the loaders of glibc accept, byte for byte as ldconfig would.

// `entries` in the order of preference: of several that serve the same request, the loader takes
// the first. `generator` names the writing program and may be empty.
std::string write_ld_cache(const std::vector<LdCacheEntry>& entries, std::string_view generator);

}  // namespace nvbox::host
