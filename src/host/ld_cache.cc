#include "host/ld_cache.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace nvbox::host {
namespace {

// Strings of a file may overlap, so a small file could describe a huge amount of text.
constexpr size_t most_entries = 100'000;
constexpr size_t most_text = size_t{16} * 1024 * 1024;
constexpr size_t longest_text = 4096;
// glibc knows two kinds.
constexpr size_t most_extensions = 16;

constexpr std::string_view broken = "broken loader cache: ";

Error malformed(std::string_view what) {
  return Error(cat(broken, what));
}

template <typename Item>
std::optional<Item> item_at(std::string_view bytes, std::uint64_t offset) {
  Item item{};
  if (offset > bytes.size() || bytes.size() - offset < sizeof item) return std::nullopt;
  std::memcpy(&item, bytes.data() + offset, sizeof item);
  return item;
}

// Where the header is.
Result<size_t> start_of(std::string_view bytes) {
  if (bytes.starts_with(ld_cache::magic)) return size_t{0};
  const auto old = item_at<ld_cache::OldHeader>(bytes, 0);
  if (!old || !bytes.starts_with(ld_cache::old_magic)) return Error("not a loader cache");
  const size_t end =
      sizeof(ld_cache::OldHeader) + size_t{old->entry_count} * ld_cache::old_entry_size;
  const size_t start = (end + 7) / 8 * 8;
  if (start > bytes.size() || !bytes.substr(start).starts_with(ld_cache::magic)) {
    return Error("a loader cache older than glibc 2.2");
  }
  return start;
}

// Hands out the strings of one file and stops when they add up to too much.
class Texts {
 public:
  explicit Texts(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::string_view> at(std::uint64_t offset) {
    if (offset >= bytes_.size()) return std::nullopt;
    const std::string_view rest = bytes_.substr(offset, longest_text + 1);
    const size_t size = rest.find('\0');
    if (size == std::string_view::npos || size > left_) return std::nullopt;
    left_ -= size;
    return rest.substr(0, size);
  }

 private:
  std::string_view bytes_;
  size_t left_ = most_text;
};

struct Extensions {
  std::string_view generator{};
  std::vector<std::string_view> subdirectories{};
};

Result<std::vector<std::string_view>> subdirectory_names(std::string_view bytes, Texts& texts,
                                                         const ld_cache::Extension& section) {
  const size_t count = section.size / sizeof(std::uint32_t);
  if (count > most_entries) return malformed("too many hwcaps names");
  std::vector<std::string_view> names;
  for (size_t index = 0; index < count; ++index) {
    const auto offset =
        item_at<std::uint32_t>(bytes, section.offset + index * sizeof(std::uint32_t));
    const auto name = offset ? texts.at(*offset) : std::nullopt;
    if (!name) return malformed("hwcaps name");
    names.push_back(*name);
  }
  return names;
}

Result<Extensions> extensions_of(std::string_view bytes, Texts& texts,
                                 const ld_cache::Header& header) {
  Extensions extensions;
  if (header.extension_offset == 0) return extensions;
  const auto directory = item_at<ld_cache::ExtensionHeader>(bytes, header.extension_offset);
  if (!directory || directory->magic != ld_cache::extension_magic ||
      directory->count > most_extensions) {
    return malformed("extensions");
  }
  for (std::uint32_t index = 0; index < directory->count; ++index) {
    const auto section = item_at<ld_cache::Extension>(
        bytes, header.extension_offset + sizeof(ld_cache::ExtensionHeader) +
                   size_t{index} * sizeof(ld_cache::Extension));
    if (!section || section->offset > bytes.size() ||
        section->size > bytes.size() - section->offset) {
      return malformed("extension");
    }
    if (section->tag == ld_cache::tag_generator) {
      extensions.generator = bytes.substr(section->offset, section->size);
    } else if (section->tag == ld_cache::tag_subdirectories) {
      extensions.subdirectories = NVBOX_TRY(subdirectory_names(bytes, texts, *section));
    }
  }
  return extensions;
}

bool names_subdirectory(std::uint64_t hwcap) {
  const std::uint64_t other_bits = ~((std::uint64_t{ld_cache::isa_level_mask} << 32) | UINT32_MAX);
  return (hwcap & other_bits) == ld_cache::hwcap_is_subdirectory;
}

Result<LdCacheEntry> entry_of(const ld_cache::Entry& raw, Texts& texts,
                              const Extensions& extensions) {
  const auto name = texts.at(raw.name);
  const auto path = texts.at(raw.path);
  if (!name || !path) return malformed("string");
  LdCacheEntry entry = {.name = std::string(*name),
                        .path = std::string(*path),
                        .flags = raw.flags,
                        .os_version = raw.os_version,
                        .hwcap = raw.hwcap};
  if (!names_subdirectory(raw.hwcap)) return entry;
  const size_t index = raw.hwcap & UINT32_MAX;
  if (index >= extensions.subdirectories.size()) return malformed("hwcaps index");
  entry.hwcap = 0;
  entry.isa_level = static_cast<std::uint32_t>(raw.hwcap >> 32) & ld_cache::isa_level_mask;
  entry.subdirectory = extensions.subdirectories[index];
  return entry;
}

// Takes the number at the front of `text`. It wraps around where it exceeds an int, as in glibc.
std::int32_t take_number(std::string_view& text) {
  std::uint32_t number = 0;
  while (!text.empty() && is_digit(text.front())) {
    number = number * 10 + static_cast<std::uint32_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return static_cast<std::int32_t>(number);
}

int sign(int left, int right) {
  return left < right ? -1 : static_cast<int>(left > right);
}

// What distinguishes the flags of a machine's libraries; all have FLAG_ELF_LIBC6, 3.
struct MachineFlags {
  std::uint16_t machine;
  bool is_64;
  // For 32-bit ARM: the float ABI, which must be one of these bits.
  std::uint32_t elf_flags;
  std::int32_t cache_flags;
};

constexpr std::array machine_flags = {
    MachineFlags{elf_machine_x86_64, true, 0, 0x0303},
    MachineFlags{elf_machine_x86_64, false, 0, 0x0803},  // x32
    MachineFlags{elf_machine_386, false, 0, 0x0003},
    MachineFlags{elf_machine_aarch64, true, 0, 0x0a03},
    MachineFlags{elf_machine_arm, false, EF_ARM_ABI_FLOAT_HARD, 0x0903},
    MachineFlags{elf_machine_arm, false, EF_ARM_ABI_FLOAT_SOFT, 0x0b03},
    MachineFlags{elf_machine_arm, false, 0, 0x0003},
};

}  // namespace

Result<LdCache> parse_ld_cache(std::string_view bytes) {
  const size_t start = NVBOX_TRY(start_of(bytes));
  const auto header = item_at<ld_cache::Header>(bytes, start);
  if (!header) return malformed("header");
  if (header->byte_order != 0 &&
      (header->byte_order & ld_cache::byte_order_mask) != ld_cache::little_endian) {
    return malformed("byte order");
  }
  const size_t first = start + sizeof(ld_cache::Header);
  if (header->entry_count > most_entries ||
      header->entry_count > (bytes.size() - first) / sizeof(ld_cache::Entry)) {
    return malformed("number of entries");
  }
  Texts extension_texts(bytes);
  const Extensions extensions = NVBOX_TRY(extensions_of(bytes, extension_texts, *header));
  Texts texts(bytes.substr(start));
  LdCache cache = {.generator = std::string(extensions.generator)};
  cache.entries.reserve(header->entry_count);
  for (size_t index = 0; index < header->entry_count; ++index) {
    const auto raw = item_at<ld_cache::Entry>(bytes, first + index * sizeof(ld_cache::Entry));
    cache.entries.push_back(NVBOX_TRY(entry_of(*raw, texts, extensions)));
  }
  return cache;
}

// A number is greater than any other character, and the end of a name counts as a NUL.
int compare_library_names(std::string_view left, std::string_view right) {
  while (!left.empty()) {
    const bool number_left = is_digit(left.front());
    const bool number_right = !right.empty() && is_digit(right.front());
    if (number_left != number_right) return number_left ? 1 : -1;
    if (number_left) {
      const int difference = sign(take_number(left), take_number(right));
      if (difference != 0) return difference;
      continue;
    }
    const char other = right.empty() ? '\0' : right.front();
    if (left.front() != other) return sign(left.front(), other);
    left.remove_prefix(1);
    right.remove_prefix(1);
  }
  return right.empty() ? 0 : sign('\0', right.front());
}

std::optional<std::int32_t> ld_cache_flags(const ElfInfo& library) {
  if (library.type != elf_type_shared_object || !library.is_dynamic) return std::nullopt;
  for (const MachineFlags& row : machine_flags) {
    if (row.machine != library.machine || row.is_64 != library.is_64) continue;
    if ((library.flags & row.elf_flags) == row.elf_flags) return row.cache_flags;
  }
  return std::nullopt;
}

// The loader finds a name by binary search with its own comparison, in which numbers count as
// numbers: libx.so.9 is before libx.so.10. So the order of the entries is part of the format, and
// it is descending. Entries that compare equal keep the order in which they were given; the loader
// takes the first one that fits its machine.
//
// Strings are stored once, and one that is another's end ("libx.so.1" of "/lib/libx.so.1") is not
// stored at all. Sorting them by their reversed text brings each behind a longer one that ends so.

namespace {

// Whether `left` must be before `right` in the file.
bool precedes(const LdCacheEntry& left, const LdCacheEntry& right) {
  const int names = compare_library_names(left.name, right.name);
  if (names != 0) return names > 0;
  if (left.flags != right.flags) return left.flags > right.flags;
  // The loader stops looking for a better one at the first without a subdirectory.
  if (left.subdirectory.empty() != right.subdirectory.empty()) return right.subdirectory.empty();
  if (left.subdirectory != right.subdirectory) return left.subdirectory < right.subdirectory;
  const int features_left = std::popcount(left.hwcap);
  const int features_right = std::popcount(right.hwcap);
  if (features_left != features_right) return features_left > features_right;
  return left.hwcap > right.hwcap;
}

std::vector<const LdCacheEntry*> in_loader_order(const std::vector<LdCacheEntry>& entries) {
  std::vector<const LdCacheEntry*> sorted;
  sorted.reserve(entries.size());
  for (const LdCacheEntry& entry : entries) sorted.push_back(&entry);
  const auto in_order = [](const LdCacheEntry* left, const LdCacheEntry* right) {
    return precedes(*left, *right);
  };
  // Most come from a cache, in order, behind the few that are new.
  const auto new_end = std::is_sorted_until(
      sorted.rbegin(), sorted.rend(),
      [&](const LdCacheEntry* left, const LdCacheEntry* right) { return in_order(right, left); });
  std::stable_sort(sorted.begin(), new_end.base(), in_order);
  std::inplace_merge(sorted.begin(), new_end.base(), sorted.end(), in_order);
  return sorted;
}

// Collects strings, each with the place that shall know its offset.
class StringTable {
 public:
  explicit StringTable(size_t count) { items_.reserve(count); }

  // `offset` must live until finish().
  void add(std::string_view text, std::uint32_t& offset) {
    items_.push_back({reversed_.size(), text.size(), &offset});
    reversed_.append(text.rbegin(), text.rend());
  }

  // The bytes of the table; sets every offset, counted from `base`.
  std::string finish(size_t base) {
    const auto text_of = [&](const Item& item) {
      return std::string_view(reversed_).substr(item.start, item.size);
    };
    std::ranges::sort(items_, std::ranges::greater(), text_of);
    std::string table;
    std::string_view previous;
    for (const Item& item : items_) {
      const std::string_view text = text_of(item);
      // After a string that ends in this one, or is the same, the table ends in this one too.
      if (table.empty() || !previous.starts_with(text)) {
        table.append(text.rbegin(), text.rend());
        table += '\0';
      }
      *item.offset = static_cast<std::uint32_t>(base + table.size() - text.size() - 1);
      previous = text;
    }
    return table;
  }

 private:
  struct Item {
    size_t start;
    size_t size;
    std::uint32_t* offset;
  };

  std::vector<Item> items_;
  std::string reversed_;
};

// The names of glibc-hwcaps directories in use, in the loader's order.
std::vector<std::string_view> subdirectories_of(const std::vector<LdCacheEntry>& entries) {
  std::vector<std::string_view> names;
  for (const LdCacheEntry& entry : entries) {
    if (!entry.subdirectory.empty()) names.push_back(entry.subdirectory);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::uint64_t hwcap_of(const LdCacheEntry& entry, const std::vector<std::string_view>& names) {
  if (entry.subdirectory.empty()) return entry.hwcap;
  const auto place = std::ranges::lower_bound(names, std::string_view(entry.subdirectory));
  return ld_cache::hwcap_is_subdirectory |
         (std::uint64_t{entry.isa_level & ld_cache::isa_level_mask} << 32) |
         static_cast<std::uint64_t>(place - names.begin());
}

template <typename Item>
void append_item(std::string& out, const Item& item) {
  out.append(reinterpret_cast<const char*>(&item), sizeof item);
}

void append_extensions(std::string& out, const std::vector<std::uint32_t>& names,
                       std::string_view generator) {
  const std::uint32_t count = names.empty() ? 1 : 2;
  const size_t names_offset =
      out.size() + sizeof(ld_cache::ExtensionHeader) + count * sizeof(ld_cache::Extension);
  const size_t names_size = names.size() * sizeof(std::uint32_t);
  append_item(out, ld_cache::ExtensionHeader{ld_cache::extension_magic, count});
  append_item(out, ld_cache::Extension{ld_cache::tag_generator, 0,
                                       static_cast<std::uint32_t>(names_offset + names_size),
                                       static_cast<std::uint32_t>(generator.size())});
  if (!names.empty()) {
    append_item(out, ld_cache::Extension{ld_cache::tag_subdirectories, 0,
                                         static_cast<std::uint32_t>(names_offset),
                                         static_cast<std::uint32_t>(names_size)});
  }
  for (const std::uint32_t name : names) append_item(out, name);
  out += generator;
}

}  // namespace

std::string write_ld_cache(const std::vector<LdCacheEntry>& entries, std::string_view generator) {
  const std::vector<const LdCacheEntry*> sorted = in_loader_order(entries);
  const std::vector<std::string_view> names = subdirectories_of(entries);
  std::vector<ld_cache::Entry> raw(sorted.size());
  std::vector<std::uint32_t> name_offsets(names.size());
  StringTable strings(2 * sorted.size() + names.size());
  for (size_t index = 0; index < sorted.size(); ++index) {
    const LdCacheEntry& entry = *sorted[index];
    raw[index] = {entry.flags, 0, 0, entry.os_version, hwcap_of(entry, names)};
    strings.add(entry.name, raw[index].name);
    strings.add(entry.path, raw[index].path);
  }
  for (size_t index = 0; index < names.size(); ++index) {
    strings.add(names[index], name_offsets[index]);
  }
  const size_t strings_start = sizeof(ld_cache::Header) + raw.size() * sizeof(ld_cache::Entry);
  const std::string table = strings.finish(strings_start);
  const size_t extension_offset = (strings_start + table.size() + 3) / 4 * 4;
  ld_cache::Header header{};
  ld_cache::magic.copy(header.magic, sizeof header.magic);
  header.entry_count = static_cast<std::uint32_t>(raw.size());
  header.string_bytes = static_cast<std::uint32_t>(table.size());
  header.byte_order = ld_cache::little_endian;
  header.extension_offset = static_cast<std::uint32_t>(extension_offset);

  std::string out;
  out.reserve(extension_offset + 256);
  append_item(out, header);
  for (const ld_cache::Entry& entry : raw) append_item(out, entry);
  out += table;
  out.resize(extension_offset);
  append_extensions(out, name_offsets, generator);
  return out;
}

}  // namespace nvbox::host
