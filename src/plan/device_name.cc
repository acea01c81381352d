#include "plan/device_name.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace nvbox::plan {
namespace {

using Kind = DeviceName::Kind;

bool is_address(std::string_view name) {
  constexpr std::string_view allowed = "0123456789abcdef:.";
  return name.contains('.') && name.contains(':') &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<std::pair<unsigned, unsigned>> numbers(std::string_view name, char separator) {
  const std::vector<std::string_view> parts = split(name, separator);
  if (parts.size() != 2) return std::nullopt;
  const auto first = parse_spaced_number(parts[0]);
  const auto second = parse_spaced_number(parts[1]);
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

// "54d0709b-558d-5a59-9c65-0c5fc14a21a4": the integrated GPU of an Orin has no "GPU-" in front.
bool is_bare_uuid(std::string_view name) {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(name, form, [](char character, char wanted) {
    return wanted == 'x' ? is_hex_digit(character) : character == wanted;
  });
}

// "mig-gpu-<uuid>/<gi>/<ci>" and "mig-<uuid>".
DeviceName parse_mig(std::string_view name) {
  constexpr std::string_view prefix = "mig-";
  const std::string_view rest = name.substr(prefix.size());
  if (!rest.starts_with("gpu-")) return {.kind = Kind::mig_uuid, .uuid = std::string(name)};
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  const auto instances = numbers(rest.substr(slash + 1), '/');
  if (!instances) return {};
  return {.kind = Kind::mig_path,
          .uuid = std::string(rest.substr(0, slash)),
          .gpu_instance = instances->first,
          .compute_instance = instances->second};
}

}  // namespace

std::optional<unsigned> parse_spaced_number(std::string_view text, int base) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_number<unsigned>(text, base);
}

DeviceName parse_device_name(std::string_view name) {
  const std::string small = lower(name);
  if (const auto index = parse_spaced_number(small)) {
    return {.kind = Kind::index, .first = *index, .last = *index};
  }
  if (small.starts_with("gpu-") || is_bare_uuid(small)) {
    return {.kind = Kind::gpu_uuid, .uuid = small};
  }
  if (small.starts_with("mig-")) return parse_mig(small);
  if (is_address(small)) return {.kind = Kind::address};
  if (const auto range = numbers(small, '-')) {
    return {.kind = Kind::index, .first = range->first, .last = range->second};
  }
  if (const auto pair = numbers(small, ':')) {
    return {.kind = Kind::mig_index, .first = pair->first, .last = pair->second};
  }
  return {};
}

}  // namespace nvbox::plan
