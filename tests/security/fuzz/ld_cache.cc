// /etc/ld.so.cache as an image brings it, and as it is written again.
#include "host/ld_cache.h"

#include <algorithm>
#include <map>

#include "security/fuzz/fuzz.h"
#include "security/fuzz/ld_cache_rules.h"

namespace nvbox {
namespace {

using host::LdCacheEntry;

// Without what the format cannot say: a level belongs to a directory below glibc-hwcaps.
std::vector<LdCacheEntry> sayable(std::vector<LdCacheEntry> entries) {
  for (LdCacheEntry& entry : entries) {
    if (entry.subdirectory.empty()) entry.isa_level = 0;
  }
  return entries;
}

bool in_any_order(const LdCacheEntry& left, const LdCacheEntry& right) {
  const auto key = [](const LdCacheEntry& entry) {
    return std::tie(entry.name, entry.path, entry.flags, entry.os_version, entry.hwcap,
                    entry.subdirectory, entry.isa_level);
  };
  return key(left) < key(right);
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  auto cache = host::parse_ld_cache(fuzz::text_of(data, size));
  if (!cache) return 0;
  // The loader compares by the machine's char and stops at a NUL: names have none.
  const std::string written = host::write_ld_cache(cache->entries, cache->generator);
  fuzz::require_ld_cache_rules(written);
  auto again = host::parse_ld_cache(written);
  fuzz::require(again.has_value(), "what is written can be read");
  fuzz::require(again->generator == cache->generator, "the generator stays");
  fuzz::require(host::write_ld_cache(again->entries, again->generator) == written,
                "a cache in order is written as it was");
  std::vector<host::LdCacheEntry> before = sayable(std::move(cache->entries));
  std::ranges::sort(before, in_any_order);
  std::ranges::sort(again->entries, in_any_order);
  fuzz::require(before == again->entries, "entries are neither lost nor changed");
  return 0;
}
