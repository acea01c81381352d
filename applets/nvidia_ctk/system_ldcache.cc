// nvidia-ctk system print-ldcache.
#include <cstdint>

#include "base/path.h"
#include "base/text.h"
#include "nvidia_ctk/system.h"

namespace nvbox::applets::ctk_system {
namespace {

struct Settings {
  std::string driver_root = "/";
};

constexpr cli::Flag<Settings> flags[] = {
    {{"driver-root", "NVIDIA_DRIVER_ROOT DRIVER_ROOT",
      "Directory below which /etc/ld.so.cache is read"},
     &Settings::driver_root},
};

// FLAG_X8664_LIB64 and FLAG_AARCH64_LIB64 of glibc's sysdeps/generic/ldconfig.h. The byte is 0 for
// i386, and another one for the other 32-bit kinds of these machines.
bool is_64_bit(const host::LdCacheEntry& entry) {
  constexpr std::int32_t required_mask = 0xff00;
  constexpr std::int32_t x86_64 = 0x0300;
  constexpr std::int32_t aarch64 = 0x0a00;
  const std::int32_t required = entry.flags & required_mask;
  return required == x86_64 || required == aarch64;
}

std::string section(std::string_view title, const std::vector<const host::LdCacheEntry*>& entries) {
  std::string text = cat(entries.size(), " ", title, " libraries\n");
  for (const host::LdCacheEntry* entry : entries) {
    text += cat("  ", printable(entry->name), " => ", printable(entry->path), "\n");
  }
  return text;
}

}  // namespace

std::string cache_text(const host::LdCache& cache) {
  std::vector<const host::LdCacheEntry*> narrow;
  std::vector<const host::LdCacheEntry*> wide;
  for (const host::LdCacheEntry& entry : cache.entries) {
    (is_64_bit(entry) ? wide : narrow).push_back(&entry);
  }
  return section("32-bit", narrow) + section("64-bit", wide);
}

Result<int> run_print_ldcache(const Invocation& invocation) {
  const auto line =
      NVBOX_TRY(parse_command(invocation, std::span<const cli::Flag<Settings>>(flags)));
  if (line.exit_status) return *line.exit_status;
  constexpr std::string_view file = "/etc/ld.so.cache";
  const machine::Place place = NVBOX_TRY(machine::Place::open(
      {.host = invocation.call.host_root, .driver = line.settings.driver_root}));
  const std::string where = path::join(place.driver().path(), file);
  const auto bytes = NVBOX_TRY(place.driver().read(file));
  if (!bytes) {
    return Error(cat(where, " does not exist")).hint("run ldconfig, or correct --driver-root");
  }
  const host::LdCache cache = NVBOX_TRY(host::parse_ld_cache(*bytes).in(where));
  NVBOX_TRY(print(cache_text(cache)));
  return 0;
}

}  // namespace nvbox::applets::ctk_system
