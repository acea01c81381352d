#include "data/toml_scalar.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text.h"

namespace nvbox::data {
namespace {

// The digits without their underscores; nullopt when one does not stand between two digits.
std::optional<std::string> without_underscores(std::string_view digits,
                                               bool (*is_digit_here)(char)) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '_') {
      out += digits[i];
      continue;
    }
    const bool between = i > 0 && i + 1 < digits.size() && is_digit_here(digits[i - 1]) &&
                         is_digit_here(digits[i + 1]);
    if (!between) return std::nullopt;
  }
  return out;
}

struct Base {
  std::string_view prefix;
  int base;
  bool (*is_digit)(char);
};

constexpr Base bases[] = {
    {"0x", 16, is_hex_digit},
    {"0o", 8, [](char c) { return c >= '0' && c <= '7'; }},
    {"0b", 2, [](char c) { return c == '0' || c == '1'; }},
};

Result<Toml::Value> integer(std::string_view word) {
  const auto prefixed =
      std::ranges::find_if(bases, [&](const Base& row) { return word.starts_with(row.prefix); });
  const bool has_prefix = prefixed != std::end(bases);
  auto* const accepts = has_prefix ? prefixed->is_digit : is_digit;
  std::string_view digits = word.substr(has_prefix ? 2 : 0);
  const bool negative = digits.starts_with('-');
  if (!has_prefix && (negative || digits.starts_with('+'))) digits.remove_prefix(1);
  const auto plain = without_underscores(digits, accepts);
  if (!plain || plain->empty() || !std::ranges::all_of(*plain, accepts)) {
    return Error(cat("not a value: ", quote(word)));
  }
  if (!has_prefix && plain->size() > 1 && plain->front() == '0') {
    return Error(cat("a number must not start with 0: ", quote(word)));
  }
  const auto number = parse_number<std::int64_t>(cat(negative ? "-" : "", *plain),
                                                 has_prefix ? prefixed->base : 10);
  if (!number) return Error(cat("number out of range: ", quote(word)));
  return Toml::Value(*number);
}

// "1.5", "1e6", "-2.5_0E-3": digits, then at least one of a fraction and an exponent.
bool is_float(std::string_view plain) {
  const auto take_digits = [&] {
    const size_t end = std::min(plain.find_first_not_of("0123456789"), plain.size());
    plain.remove_prefix(end);
    return end > 0;
  };
  const auto take_one_of = [&](std::string_view set) {
    if (plain.empty() || !set.contains(plain.front())) return false;
    plain.remove_prefix(1);
    return true;
  };
  take_one_of("+-");
  if (plain.size() > 1 && plain[0] == '0' && is_digit(plain[1])) return false;
  if (!take_digits()) return false;
  if (take_one_of(".") && !take_digits()) return false;
  if (take_one_of("eE")) {
    take_one_of("+-");
    if (!take_digits()) return false;
  }
  return plain.empty();
}

std::optional<double> floating(std::string_view word) {
  const std::string_view name = word.substr(word.starts_with('+') || word.starts_with('-') ? 1 : 0);
  const double sign = word.starts_with('-') ? -1.0 : 1.0;
  if (name == "inf") return sign * std::numeric_limits<double>::infinity();
  if (name == "nan") return std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  const auto plain = without_underscores(word, is_digit);
  if (!plain || plain->find_first_of(".eE") == std::string::npos || !is_float(*plain)) {
    return std::nullopt;
  }
  // nvbox never calls setlocale, so strtod's point is a point.
  return std::strtod(plain->c_str(), nullptr);
}

// The two or four digits at `at`, which the caller knows to be digits.
int number_at(std::string_view word, size_t at, size_t length) {
  return parse_number<int>(word.substr(at, length)).value_or(-1);
}

// Whether the text has digits where the pattern has '0' and otherwise the pattern's characters.
bool matches(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern, [](char character, char wanted) {
    return wanted == '0' ? is_digit(character) : character == wanted;
  });
}

bool is_date(std::string_view text) {
  if (!matches(text, "0000-00-00")) return false;
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  if (month < 1 || month > 12) return false;
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day >= 1 && day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool is_hour_and_minute(std::string_view text) {
  return matches(text, "00:00") && number_at(text, 0, 2) < 24 && number_at(text, 3, 2) < 60;
}

bool is_time(std::string_view text) {
  if (!is_hour_and_minute(text.substr(0, 5)) || !matches(text.substr(5, 3), ":00")) return false;
  // RFC 3339 section 5.6 allows the leap second.
  if (number_at(text, 6, 2) > 60) return false;
  const std::string_view fraction = text.substr(8);
  return fraction.empty() || (fraction.size() > 1 && fraction[0] == '.' &&
                              std::ranges::all_of(fraction.substr(1), is_digit));
}

bool is_date_or_time(std::string_view word) {
  if (word.size() < 8) return false;
  if (word[2] == ':') return is_time(word);
  if (word.size() == 10) return is_date(word);
  if (word.size() < 19 || !is_date(word.substr(0, 10)) ||
      !std::string_view("Tt ").contains(word[10])) {
    return false;
  }
  std::string_view time = word.substr(11);
  if (time.ends_with('Z') || time.ends_with('z')) return is_time(time.substr(0, time.size() - 1));
  const size_t sign = time.find_first_of("+-");
  if (sign == std::string_view::npos) return is_time(time);
  return is_time(time.substr(0, sign)) && is_hour_and_minute(time.substr(sign + 1));
}

// Length of the sequence and the range of its second byte, by its first (Unicode, table 3-7).
struct Sequence {
  unsigned char first;
  unsigned char last;
  size_t length;
  unsigned char second_from;
  unsigned char second_to;
};

constexpr Sequence sequences[] = {
    {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

// 0 when the text does not start with a character.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto row = std::ranges::find_if(sequences, [&](const Sequence& sequence) {
    return byte(0) >= sequence.first && byte(0) <= sequence.last;
  });
  if (row == std::end(sequences) || row->length > text.size()) return 0;
  if (row->length > 1 && (byte(1) < row->second_from || byte(1) > row->second_to)) return 0;
  for (size_t i = 2; i < row->length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return row->length;
}

}  // namespace

Result<Toml::Value> toml_scalar(std::string_view word) {
  if (word == "true") return Toml::Value(true);
  if (word == "false") return Toml::Value(false);
  if (is_date_or_time(word)) return Toml::Value(TomlDate{std::string(word)});
  if (const auto number = floating(word)) return Toml::Value(*number);
  return integer(word);
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const size_t length = character_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::optional<std::string> encode_utf8(std::uint32_t character) {
  const auto trail = [&](unsigned shift) {
    return static_cast<char>(0x80 | ((character >> shift) & 0x3f));
  };
  if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)) return std::nullopt;
  if (character < 0x80) return std::string{static_cast<char>(character)};
  if (character < 0x800) return std::string{static_cast<char>(0xc0 | (character >> 6)), trail(0)};
  if (character < 0x10000) {
    return std::string{static_cast<char>(0xe0 | (character >> 12)), trail(6), trail(0)};
  }
  return std::string{static_cast<char>(0xf0 | (character >> 18)), trail(12), trail(6), trail(0)};
}

}  // namespace nvbox::data
