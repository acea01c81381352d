// The loader finds a name by binary search with its own comparison, in which numbers count as
// numbers: libx.so.9 is before libx.so.10. So the order of the entries is part of the format, and
// it is descending. Entries that compare equal keep the order in which they were given; the loader
// takes the first one that fits its machine.
//
// Strings are stored once, and one that is another's end ("libx.so.1" of "/lib/libx.so.1") is not
// stored at all. Sorting them by their reversed text brings each behind a longer one that ends so.
#include "host/ld_cache_write.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "host/ld_cache_format.h"

namespace nvbox::host {
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
