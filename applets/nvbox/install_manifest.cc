#include "nvbox/install_manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/hash.h"
#include "base/text.h"

namespace nvbox::applets::installation {
namespace {

constexpr Kind kinds[] = {Kind::file, Kind::link, Kind::directory, Kind::saved};

constexpr int hexadecimal = 16;

std::string to_hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal);
  return {digits.data(), end.ptr};
}

// "link 1f3a /usr/local/bin/nvidia-ctk"; the path may have blanks in it.
std::optional<Record> parse_record(std::string_view line) {
  const size_t first = line.find(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto kind = std::ranges::find(kinds, line.substr(0, first), name_of);
  const auto hash =
      parse_number<std::uint64_t>(line.substr(first + 1, second - first - 1), hexadecimal);
  const std::string_view path = line.substr(second + 1);
  if (kind == std::end(kinds) || !hash || !path.starts_with('/')) return std::nullopt;
  return Record{*kind, *hash, std::string(path)};
}

}  // namespace

std::uint64_t content_hash(std::string_view content) {
  Fnv1a hash;
  hash.add(content);
  return hash.value();
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::file:
      return "file";
    case Kind::link:
      return "link";
    case Kind::directory:
      return "directory";
    case Kind::saved:
      return "saved";
  }
  return "";
}

std::string manifest_text(std::span<const Record> manifest) {
  std::string text = "# Made by 'nvbox install'. 'nvbox uninstall' removes what is unchanged.\n";
  for (const Record& record : manifest) {
    text += cat(name_of(record.kind), " ", to_hexadecimal(record.hash), " ", record.path, "\n");
  }
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  Manifest manifest;
  size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    std::optional<Record> record = parse_record(line);
    if (!record) return Error(cat("line ", number, ": ", excerpt(line), " is no record"));
    manifest.push_back(*std::move(record));
  }
  return manifest;
}

Manifest join_manifests(Manifest manifest, std::span<const Record> more) {
  for (const Record& record : more) {
    if (std::ranges::find(manifest, record) == manifest.end()) manifest.push_back(record);
  }
  return manifest;
}

Manifest without(Manifest manifest, std::span<const Record> less) {
  std::erase_if(manifest, [&](const Record& record) {
    return std::ranges::find(less, record) != less.end();
  });
  return manifest;
}

}  // namespace nvbox::applets::installation
