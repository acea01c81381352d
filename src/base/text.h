// Text without format strings, streams or locales.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvbox {

namespace detail {

inline void append(std::string& out, std::string_view text) {
  out += text;
}
inline void append(std::string& out, char character) {
  out += character;
}
template <std::integral Number>
requires(!std::same_as<Number, char> && !std::same_as<Number, bool>) void append(std::string& out,
                                                                                 Number number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace detail

// The parts joined into one string; integers are written in decimal.
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

// The pieces between separators, empty ones included; "" gives one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);

// The pieces with `separator` between them.
std::string join(std::span<const std::string> pieces, std::string_view separator);

// Takes away every entry that an earlier one equals. Linear, because containers write such lists.
void keep_first(std::vector<std::string>& list);

// Without blanks (space, tab, CR, LF, VT, FF) at both ends.
std::string_view trim(std::string_view text);

// In double quotes, with quotes, backslashes and control bytes escaped: for messages that show
// what somebody else wrote.
std::string quote(std::string_view text);

// quote() of the beginning, with "..." for the rest, where somebody else's text may have any
// length.
std::string excerpt(std::string_view text);

// At most `most` bytes (20 or more): of a longer text the beginning and the end, which of an error
// are the cause and the fix, with " [...] " between them.
std::string shortened(std::string_view text, size_t most);

// With the bytes of control characters written as \xNN, so that what somebody else wrote stays on
// its line.
std::string printable(std::string_view text);

// In base 16, with zeros in front up to `width`: "002a". The digits above 9 are small letters
// unless others are given.
inline constexpr std::string_view lower_hex_digits = "0123456789abcdef";
inline constexpr std::string_view upper_hex_digits = "0123456789ABCDEF";
std::string hexadecimal(std::uint64_t number, size_t width,
                        std::string_view digits = lower_hex_digits);

inline bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

// In either case of letters.
inline bool is_hex_digit(char character) {
  return lower_hex_digits.contains(character) || upper_hex_digits.contains(character);
}

// Permission bits as chmod(1) takes them, in four digits: "0660".
std::string octal_mode(unsigned mode);

// ASCII only: host names, UUIDs and bus ids.
std::string lower(std::string_view text);

// A whole decimal (or base-16 without prefix) number and nothing else; nullopt when it is not one
// or does not fit.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// The spellings of Go's strconv.ParseBool, which NVIDIA's variables and options accept.
std::optional<bool> parse_bool(std::string_view text);

// The candidate nearest to `word` by edit distance, if it is near enough to be a typing mistake.
std::optional<std::string_view> did_you_mean(std::string_view word,
                                             std::span<const std::string_view> candidates);

// The kernel's word for an errno, in English whatever the locale: "Permission denied".
std::string_view errno_text(int errno_value);

}  // namespace nvbox
