#include "host/ld_cache.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace nvbox::host {
namespace {

using namespace std::string_literals;

// What ldconfig of Debian 13 (glibc 2.41) wrote for a directory /o with liba.so.9, liba.so.10 and
// glibc-hwcaps/x86-64-v3/liba.so.10.
const std::string debian_13 =
    // NOLINTNEXTLINE(bugprone-string-literal-with-embedded-nul): ""s keeps them.
    "glibc-ld.so.cache1.1\x03\0\0\0\x4a\0\0\0\x02\0\0\0\xc4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\x03\x03\0\0\xb7\0\0\0\x9d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40"
    "\x03\x03\0\0\xb7\0\0\0\x8f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\x03\x03\0\0\x7b\0\0\0\x78\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "/o/liba.so.9\0x86-64-v3\0/o/liba.so.10\0/o/glibc-hwcaps/x86-64-v3/liba.so.10\0\0\0"
    "\x74\x21\xa4\xea\x02\0\0\0"
    "\0\0\0\0\0\0\0\0\xf0\0\0\0\x43\0\0\0\x01\0\0\0\0\0\0\0\xec\0\0\0\x04\0\0\0\x85\0\0\0"
    "ldconfig (Debian GLIBC 2.41-12+deb13u4) stable release version 2.41"s;

const LdCache debian_13_content = {
    .entries = {{.name = "liba.so.10",
                 .path = "/o/glibc-hwcaps/x86-64-v3/liba.so.10",
                 .flags = 0x303,
                 .subdirectory = "x86-64-v3"},
                {.name = "liba.so.10", .path = "/o/liba.so.10", .flags = 0x303},
                {.name = "liba.so.9", .path = "/o/liba.so.9", .flags = 0x303}},
    .generator = "ldconfig (Debian GLIBC 2.41-12+deb13u4) stable release version 2.41"};

template <typename Item>
std::string with(std::string bytes, size_t offset, Item item) {
  bytes.replace(offset, sizeof item, reinterpret_cast<const char*>(&item), sizeof item);
  return bytes;
}

std::string message_for(std::string_view bytes) {
  const auto cache = parse_ld_cache(bytes);
  return cache ? "accepted" : cache.error().message();
}

// Names and paths in the order of the file.
std::vector<std::string> order_of(const std::vector<LdCacheEntry>& entries) {
  std::vector<std::string> order;
  const auto cache = parse_ld_cache(write_ld_cache(entries, ""));
  for (const LdCacheEntry& entry : cache->entries) order.push_back(entry.name + " " + entry.path);
  return order;
}

TEST(LdCache, reads_what_ldconfig_wrote) {
  const auto cache = parse_ld_cache(debian_13);
  ASSERT_TRUE(cache);
  EXPECT_EQ(*cache, debian_13_content);
}

TEST(LdCache, writes_byte_for_byte_what_ldconfig_writes) {
  std::vector<LdCacheEntry> entries = debian_13_content.entries;
  do {
    EXPECT_EQ(write_ld_cache(entries, debian_13_content.generator), debian_13);
  } while (std::ranges::next_permutation(entries, {}, &LdCacheEntry::path).found);
}

TEST(LdCache, reads_a_cache_behind_one_of_the_old_format) {
  // An odd number of old entries makes padding necessary.
  std::string bytes = "ld.so-1.7.0\0\x01\0\0\0"s + std::string(12, 'x') + std::string(4, '\0');
  std::vector<LdCacheEntry> entries = debian_13_content.entries;
  entries.erase(entries.begin());
  // Extension offsets count from the file, so leave them out like the writers of that format did.
  bytes += with(write_ld_cache(entries, ""), offsetof(ld_cache::Header, extension_offset),
                std::uint32_t{0});
  const auto cache = parse_ld_cache(bytes);
  ASSERT_TRUE(cache);
  EXPECT_EQ(*cache, (LdCache{.entries = entries}));
}

TEST(LdCache, every_kind_of_entry_survives) {
  const LdCache all = {.entries = {{.name = "libz.so.1",
                                    .path = "/lib/glibc-hwcaps/x86-64-v2/libz.so.1",
                                    .flags = 0x303,
                                    .subdirectory = "x86-64-v2",
                                    .isa_level = 2},
                                   {.name = "libz.so.1",
                                    .path = "/lib/tls/libz.so.1",
                                    .flags = 0x303,
                                    .hwcap = std::uint64_t{1} << 63},
                                   {.name = "libz.so.1",
                                    .path = "/lib/libz.so.1",
                                    .flags = 0x303,
                                    .os_version = 0x30200},
                                   {.name = "libz.so.1", .path = "/lib32/libz.so.1", .flags = 0x3}},
                       .generator = "test"};
  const auto cache = parse_ld_cache(write_ld_cache(all.entries, all.generator));
  ASSERT_TRUE(cache);
  EXPECT_EQ(*cache, all);
}

TEST(LdCache, may_be_empty) {
  const auto cache = parse_ld_cache(write_ld_cache({}, "nobody"));
  ASSERT_TRUE(cache);
  EXPECT_EQ(*cache, (LdCache{.generator = "nobody"}));
}

TEST(LdCache, is_sorted_as_the_loader_searches) {
  EXPECT_EQ(order_of({{.name = "libb.so", .path = "1"},
                      {.name = "liba.so.9", .path = "2"},
                      {.name = "liba.so.10", .path = "3"},
                      {.name = "liba.so", .path = "4"},
                      {.name = "liba-2.so", .path = "5"},
                      {.name = "liba2.so", .path = "6"}}),
            (std::vector<std::string>{"libb.so 1", "liba2.so 6", "liba.so.10 3", "liba.so.9 2",
                                      "liba.so 4", "liba-2.so 5"}));
}

TEST(LdCache, of_equals_the_first_given_comes_first) {
  EXPECT_EQ(
      order_of({{.name = "liba.so", .path = "/injected/liba.so", .flags = 0x303},
                {.name = "liba.so", .path = "/stale/liba.so", .flags = 0x303, .os_version = 5},
                {.name = "liba.so", .path = "/also/liba.so", .flags = 0x303}}),
      (std::vector<std::string>{"liba.so /injected/liba.so", "liba.so /stale/liba.so",
                                "liba.so /also/liba.so"}));
}

TEST(LdCache, a_broken_file_is_refused) {
  EXPECT_EQ(message_for(""), "not a loader cache");
  EXPECT_EQ(message_for("ld.so-1.7.0\0\0\0\0\0"s), "a loader cache older than glibc 2.2");
  EXPECT_EQ(message_for(debian_13.substr(0, 40)), "broken loader cache: header");
  EXPECT_EQ(message_for(with(debian_13, 20, UINT32_MAX)), "broken loader cache: number of entries");
  EXPECT_EQ(message_for(with(debian_13, 20, std::uint32_t{11})),
            "broken loader cache: number of entries");
  EXPECT_EQ(message_for(with(debian_13, 28, std::uint8_t{3})), "broken loader cache: byte order");
  EXPECT_EQ(message_for(with(debian_13, 32, UINT32_MAX)), "broken loader cache: extensions");
  EXPECT_EQ(message_for(with(debian_13, 52, UINT32_MAX)), "broken loader cache: string");
  EXPECT_EQ(message_for(with(debian_13, 64, std::uint32_t{1})),
            "broken loader cache: hwcaps index");
  EXPECT_EQ(message_for(with(debian_13, 0xc8, UINT32_MAX)), "broken loader cache: extensions");
  EXPECT_EQ(message_for(with(debian_13, 0xd4, UINT32_MAX)), "broken loader cache: extension");
}

TEST(LdCache, no_cut_and_no_damaged_byte_is_fatal) {
  for (size_t size = 0; size < debian_13.size(); ++size) {
    EXPECT_NE(message_for(std::string(debian_13, 0, size)), "");
    for (const char damage : {'\xff', '\x7f', '\x01', '\0'}) {
      const auto cache = parse_ld_cache(with(debian_13, size, damage));
      EXPECT_TRUE(!cache || !write_ld_cache(cache->entries, cache->generator).empty());
    }
  }
}

TEST(LdCache, text_that_overlaps_beyond_measure_is_refused) {
  // 50,000 entries that share one string of 4,000 bytes describe 400 MB of text.
  constexpr std::uint32_t count = 50'000;
  ld_cache::Header header{};
  ld_cache::magic.copy(header.magic, sizeof header.magic);
  header.entry_count = count;
  std::string bytes(sizeof header + count * sizeof(ld_cache::Entry), '\0');
  bytes = with(std::move(bytes), 0, header);
  const ld_cache::Entry entry = {0x303, static_cast<std::uint32_t>(bytes.size()),
                                 static_cast<std::uint32_t>(bytes.size()), 0, 0};
  for (size_t index = 0; index < count; ++index) {
    bytes.replace(sizeof header + index * sizeof entry, sizeof entry,
                  reinterpret_cast<const char*>(&entry), sizeof entry);
  }
  bytes += std::string(4000, 'x') + '\0';
  EXPECT_EQ(message_for(bytes), "broken loader cache: string");
}

TEST(CompareLibraryNames, compares_numbers_as_numbers) {
  struct Row {
    std::string_view left;
    std::string_view right;
    int expected;
  };
  constexpr Row rows[] = {
      {"libx.so.9", "libx.so.10", -1},
      {"libx.so.1", "libx.so.01", 0},
      {"libx.so", "libx.so.1", -1},
      {"libx1.so", "libx.so", 1},
      {"libx.so.1", "libx.so.a", 1},
      {"liba.so", "libb.so", -1},
      {"libx.so.1", "libx.so.1", 0},
      // 2^32 + 5 wraps to 5, in glibc too.
      {"libx.so.4294967301", "libx.so.5", 0},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(compare_library_names(row.left, row.right), row.expected) << row.left;
    EXPECT_EQ(compare_library_names(row.right, row.left), -row.expected) << row.left;
  }
}

TEST(LdCacheFlags, follow_class_and_machine) {
  struct Row {
    ElfInfo library;
    std::optional<std::int32_t> expected;
  };
  const Row rows[] = {
      {{.is_64 = true, .machine = EM_X86_64, .type = ET_DYN, .is_dynamic = true}, 0x303},
      {{.is_64 = false, .machine = EM_X86_64, .type = ET_DYN, .is_dynamic = true}, 0x803},
      {{.is_64 = false, .machine = EM_386, .type = ET_DYN, .is_dynamic = true}, 0x003},
      {{.is_64 = true, .machine = EM_386, .type = ET_DYN, .is_dynamic = true}, std::nullopt},
      {{.is_64 = true, .machine = EM_AARCH64, .type = ET_DYN, .is_dynamic = true}, 0xa03},
      {{.machine = EM_ARM, .type = ET_DYN, .flags = 0x5000400, .is_dynamic = true}, 0x903},
      {{.machine = EM_ARM, .type = ET_DYN, .flags = 0x5000200, .is_dynamic = true}, 0xb03},
      {{.is_64 = true, .machine = EM_RISCV, .type = ET_DYN, .is_dynamic = true}, std::nullopt},
      {{.is_64 = true, .machine = EM_X86_64, .type = ET_EXEC, .is_dynamic = true}, std::nullopt},
      {{.is_64 = true, .machine = EM_X86_64, .type = ET_DYN}, std::nullopt},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ld_cache_flags(row.library), row.expected) << row.library.machine;
  }
}

}  // namespace
}  // namespace nvbox::host
