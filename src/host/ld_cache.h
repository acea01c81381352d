// The loader's cache, /etc/ld.so.cache, in the format "glibc-ld.so.cache1.1" of every glibc since
// 2.2. What is in it comes from an image and is untrusted.
#pragma once

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

}  // namespace nvbox::host
