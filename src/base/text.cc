#include "base/text.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_set>

namespace nvbox {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

size_t edit_distance(std::string_view from, std::string_view to) {
  // A common beginning costs nothing, and names of one family have a long one.
  const auto common = static_cast<size_t>(std::ranges::mismatch(from, to).in1 - from.begin());
  from.remove_prefix(common);
  to.remove_prefix(common);
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t replace = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replace, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

bool is_inside_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80;
}

// How many bytes the control character has that `text` begins with; 0 when it is none. Those of
// ECMA-48's C1 set, U+0080 to U+009F, are as good as ESC and a letter for a terminal.
size_t control_bytes(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte < 0x20 || byte == 0x7f) return 1;
  const bool is_c1 =
      byte == 0xc2 && text.size() > 1 && (static_cast<unsigned char>(text[1]) & 0xe0U) == 0x80;
  return is_c1 ? 2 : 0;
}

// Where the UTF-8 character begins that has the byte at `place`.
size_t character_at(std::string_view text, size_t place) {
  while (place > 0 && is_inside_character(text[place])) --place;
  return place;
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

std::string join(std::span<const std::string> pieces, std::string_view separator) {
  std::string out;
  for (const std::string& piece : pieces) {
    if (&piece != pieces.data()) out += separator;
    out += piece;
  }
  return out;
}

void keep_first(std::vector<std::string>& list) {
  std::unordered_set<std::string> seen;
  std::erase_if(list, [&](const std::string& entry) { return !seen.insert(entry).second; });
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string hexadecimal(std::uint64_t number, size_t width, std::string_view digits) {
  std::string out;
  for (; number != 0; number >>= 4) out.insert(out.begin(), digits[number & 15]);
  if (out.size() < width) out.insert(0, width - out.size(), '0');
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  size_t controls = 0;  // bytes of a control character that are left
  for (size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (controls == 0) controls = control_bytes(text.substr(at));
    if (controls == 0) {
      out += text[at];
      continue;
    }
    --controls;
    out += cat("\\x", hexadecimal(byte, 2));
  }
  return out;
}

std::string quote(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '"' || character == '\\') escaped += '\\';
    escaped += character;
  }
  return cat('"', printable(escaped), '"');
}

std::string excerpt(std::string_view text) {
  constexpr size_t longest = 80;
  if (text.size() <= longest) return quote(text);
  return cat(quote(text.substr(0, character_at(text, longest))), "...");
}

std::string shortened(std::string_view text, size_t most) {
  constexpr std::string_view gap = " [...] ";
  if (text.size() <= most) return std::string(text);
  const size_t half = (most - gap.size()) / 2;
  size_t rest = text.size() - half;
  while (rest < text.size() && is_inside_character(text[rest])) ++rest;
  return cat(text.substr(0, character_at(text, half)), gap, text.substr(rest));
}

std::string octal_mode(unsigned mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3) digits += cat(mode >> shift & 7U);
  return digits;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& character : out) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + 32);
  }
  return out;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view word : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == word) return true;
  }
  for (const std::string_view word : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

std::optional<std::string_view> did_you_mean(std::string_view word,
                                             std::span<const std::string_view> candidates) {
  std::optional<std::string_view> nearest;
  size_t too_far = std::max<size_t>(2, word.size() / 4) + 1;
  for (const std::string_view candidate : candidates) {
    // It takes at least as many edits as the lengths differ by.
    const auto [shorter, longer] = std::minmax({word.size(), candidate.size()});
    if (longer - shorter >= too_far) continue;
    const size_t distance = edit_distance(word, candidate);
    if (distance >= too_far) continue;
    too_far = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string_view errno_text(int errno_value) {
  const char* text = strerrordesc_np(errno_value);
  return text != nullptr ? text : "Unknown error";
}

}  // namespace nvbox
