// After resolve.go and encode.go of gopkg.in/yaml.v3, so that both sides agree on every scalar.
#include "data/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/text.h"

namespace nvbox::data {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr std::string_view null_words[] = {"~", "null", "Null", "NULL"};
constexpr std::string_view true_words[] = {"true", "True", "TRUE"};
constexpr std::string_view false_words[] = {"false", "False", "FALSE"};
constexpr std::string_view nan_words[] = {".nan", ".NaN", ".NAN"};
constexpr std::string_view infinity_words[] = {".inf", ".Inf", ".INF"};

// Booleans of YAML 1.1 that 1.2 has no more.
constexpr std::string_view old_booleans[] = {"y", "Y", "yes", "Yes", "YES", "on",  "On",  "ON",
                                             "n", "N", "no",  "No",  "NO",  "off", "Off", "OFF"};

template <size_t Size>
bool is_one_of(std::string_view text, const std::string_view (&words)[Size]) {
  return std::ranges::find(words, text) != std::end(words);
}

// Takes the longest run of digits off the front and says how many there were.
size_t take_digits(std::string_view& text) {
  const auto* end = std::ranges::find_if_not(text, is_digit);
  const auto count = static_cast<size_t>(end - text.begin());
  text.remove_prefix(count);
  return count;
}

bool take(std::string_view& text, std::string_view characters) {
  if (text.empty() || !characters.contains(text.front())) return false;
  text.remove_prefix(1);
  return true;
}

struct Base {
  std::string_view prefix;
  int base;
};

// "0644" is YAML 1.1's octal, which file modes are written in. Longer prefixes come first.
constexpr Base bases[] = {{"0x", 16}, {"0X", 16}, {"0o", 8}, {"0O", 8},
                          {"0b", 2},  {"0B", 2},  {"0", 8},  {"", 10}};

std::optional<Json> integer(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  take(text, "+-");
  if (text == "0") return Json(0);
  const auto* base =
      std::ranges::find_if(bases, [&](const Base& row) { return text.starts_with(row.prefix); });
  text.remove_prefix(base->prefix.size());
  const auto value = parse_number<std::uint64_t>(text, base->base);
  if (!value) return std::nullopt;
  constexpr auto greatest = std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  if (!is_negative) {
    if (*value > greatest) return Json(*value);
    return Json(static_cast<std::int64_t>(*value));
  }
  if (*value > greatest + 1) return std::nullopt;
  return Json(static_cast<std::int64_t>(0 - *value));
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool has_shape_of_float(std::string_view text) {
  take(text, "+-");
  const size_t whole = take_digits(text);
  if (take(text, ".")) {
    if (take_digits(text) == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (!take(text, "eE")) return false;
  take(text, "+-");
  return take_digits(text) > 0 && text.empty();
}

std::optional<Json> floating(std::string_view text) {
  if (!has_shape_of_float(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Json(value);
}

// [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
bool is_base_60(std::string_view text) {
  take(text, "+-");
  if (text.empty() || !is_digit(text.front())) return false;
  const size_t colon = std::min(text.find_first_not_of("0123456789_"), text.size());
  text.remove_prefix(colon);
  if (text.empty()) return false;
  while (take(text, ":")) {
    const bool has_tens = text.size() >= 2 && text[0] <= '5' && is_digit(text[1]);
    if (text.empty() || !is_digit(text.front())) return false;
    text.remove_prefix(has_tens ? 2 : 1);
  }
  if (take(text, ".")) return text.find_first_not_of("0123456789_") == std::string_view::npos;
  return text.empty();
}

// One or two digits, as many as a month or a minute has.
bool take_two_digits(std::string_view& text) {
  const size_t count = take_digits(text);
  return count == 1 || count == 2;
}

// 23:59:59.25
bool take_time(std::string_view& text) {
  if (!take_two_digits(text) || !take(text, ":")) return false;
  if (!take_two_digits(text) || !take(text, ":")) return false;
  return take_two_digits(text) && (!take(text, ".") || take_digits(text) > 0);
}

// Z or +01:00
bool take_zone(std::string_view& text) {
  if (take(text, "Z")) return true;
  return take(text, "+-") && take_two_digits(text) && take(text, ":") && take_two_digits(text);
}

// A date, alone, with a time, or with a time and a zone. NVIDIA's toolkit asks the calendar too;
// quotes around "2001-99-99" do no harm.
bool is_timestamp(std::string_view text) {
  if (take_digits(text) != 4 || !take(text, "-")) return false;
  if (!take_two_digits(text) || !take(text, "-") || !take_two_digits(text)) return false;
  if (text.empty()) return true;
  if (take(text, " ")) return take_time(text) && text.empty();
  return take(text, "Tt") && take_time(text) && take_zone(text) && text.empty();
}

}  // namespace

Json resolve_plain(std::string_view text) {
  if (text.empty()) return nullptr;
  const bool is_number_like =
      is_digit(text.front()) || std::string_view(".+-").contains(text.front());
  // Other words begin with one of these.
  if (!is_number_like && !std::string_view("~nNtTfF").contains(text.front())) return text;
  if (is_one_of(text, null_words)) return nullptr;
  if (is_one_of(text, true_words)) return true;
  if (is_one_of(text, false_words)) return false;
  if (is_one_of(text, nan_words)) return std::numeric_limits<double>::quiet_NaN();
  if (!is_number_like) return text;
  std::string_view unsigned_text = text;
  take(unsigned_text, "+-");
  if (is_one_of(unsigned_text, infinity_words)) {
    return text.starts_with('-') ? -infinity : infinity;
  }
  std::string digits(text);
  if (!text.starts_with('.')) std::erase(digits, '_');
  if (const auto number = integer(digits)) return *number;
  if (const auto number = floating(digits)) return *number;
  return text;
}

bool is_ambiguous(std::string_view text) {
  return text == "<<" || is_one_of(text, old_booleans) || is_base_60(text) || is_timestamp(text) ||
         !resolve_plain(text).is_string();
}

}  // namespace nvbox::data
