// The rules of the loader's cache as glibc has them (sysdeps/generic/dl-cache.h for the bytes,
// elf/dl-cache.c for the order that its binary search needs), written down a second time: nothing
// of nvbox' reader or writer is in here.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "security/fuzz/fuzz.h"

namespace nvbox::fuzz {

namespace detail {

inline std::uint32_t word_at(std::string_view bytes, std::size_t offset) {
  require(offset <= bytes.size() && bytes.size() - offset >= 4, "a number is inside the file");
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

inline const char* text_at(std::string_view bytes, std::size_t offset) {
  require(offset < bytes.size(), "a string begins inside the file");
  require(bytes.find('\0', offset) != std::string_view::npos, "a string ends inside the file");
  return bytes.data() + offset;
}

// _dl_cache_libcmp of glibc.
inline int compare(const char* left, const char* right) {
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  while (*left != '\0') {
    if (is_digit(*left)) {
      if (!is_digit(*right)) return 1;
      std::uint32_t one = 0;
      std::uint32_t other = 0;
      while (is_digit(*left)) one = one * 10 + static_cast<std::uint32_t>(*left++ - '0');
      while (is_digit(*right)) other = other * 10 + static_cast<std::uint32_t>(*right++ - '0');
      if (one != other) {
        return static_cast<std::int32_t>(one) < static_cast<std::int32_t>(other) ? -1 : 1;
      }
    } else if (is_digit(*right)) {
      return -1;
    } else if (*left != *right) {
      return *left - *right;
    } else {
      ++left;
      ++right;
    }
  }
  return *left - *right;
}

}  // namespace detail

inline void require_ld_cache_rules(std::string_view bytes) {
  constexpr std::size_t header_size = 48;
  constexpr std::size_t entry_size = 24;
  require(bytes.starts_with("glibc-ld.so.cache1.1"), "the cache begins with its magic");
  const std::size_t count = detail::word_at(bytes, 20);
  const std::size_t string_bytes = detail::word_at(bytes, 24);
  const std::size_t extensions = detail::word_at(bytes, 32);
  require(bytes.size() >= header_size && bytes[28] == 2, "the byte order is little endian");
  const std::size_t strings = header_size + count * entry_size;
  require(strings + string_bytes <= bytes.size(), "entries and strings are inside the file");
  const char* previous = nullptr;
  for (std::size_t index = 0; index < count; ++index) {
    const std::size_t entry = header_size + index * entry_size;
    const std::size_t name = detail::word_at(bytes, entry + 4);
    const std::size_t path = detail::word_at(bytes, entry + 8);
    require(name >= strings && name < strings + string_bytes, "a name is among the strings");
    require(path >= strings && path < strings + string_bytes, "a path is among the strings");
    (void)detail::text_at(bytes, path);
    const char* const text = detail::text_at(bytes, name);
    require(previous == nullptr || detail::compare(previous, text) >= 0, "names are in order");
    previous = text;
  }
  require(extensions % 4 == 0, "extensions are aligned");
  require(detail::word_at(bytes, extensions) == 0xeaa42174, "extensions have their magic");
  const std::size_t sections = detail::word_at(bytes, extensions + 4);
  for (std::size_t index = 0; index < sections; ++index) {
    const std::size_t section = extensions + 8 + index * 16;
    const std::size_t offset = detail::word_at(bytes, section + 8);
    const std::size_t size = detail::word_at(bytes, section + 12);
    require(offset <= bytes.size() && size <= bytes.size() - offset, "an extension is inside");
  }
}

}  // namespace nvbox::fuzz
