#include "base/log.h"

#include <algorithm>
#include <chrono>
#include <concepts>

#include "base/text.h"

namespace nvbox {
namespace {

struct LevelName {
  std::string_view word;
  Level level;
};

// The first row of a level is the word that is printed.
constexpr LevelName level_names[] = {
    {"error", Level::error}, {"warning", Level::warning}, {"info", Level::info},
    {"debug", Level::debug}, {"trace", Level::trace},     {"warn", Level::warning},
    {"fatal", Level::error}, {"panic", Level::error},
};

std::string_view name_of(Level level) {
  for (const LevelName& row : level_names) {
    if (row.level == level) return row.word;
  }
  return "error";
}

// JSON's own escapes (RFC 8259 section 7); bytes above ASCII pass as they are.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      out += '\\';
      out += character;
    } else if (character == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out += cat("\\u", hexadecimal(byte, 4));
    } else {
      out += character;
    }
  }
  return out += '"';
}

std::string two_digits(std::integral auto number) {
  return cat(number < 10 ? "0" : "", number);
}

}  // namespace

std::optional<Level> parse_level(std::string_view word) {
  const std::string wanted = lower(word);
  for (const LevelName& row : level_names) {
    if (row.word == wanted) return row.level;
  }
  return std::nullopt;
}

std::string log_line(LogFormat format, Level level, std::string_view time,
                     std::string_view message) {
  if (format == LogFormat::json) {
    return cat("{\"level\":\"", name_of(level), "\",\"msg\":", json_string(message), ",\"time\":\"",
               time, "\"}\n");
  }
  if (format == LogFormat::plain) return cat(name_of(level), ": ", printable(message), "\n");
  return cat("time=\"", time, "\" level=", name_of(level), " msg=", json_string(message), "\n");
}

std::string rfc3339_now() {
  // Not by gmtime(3): the C library opens the file that the variable TZ names even for UTC.
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::seconds> time(now - day);
  return cat(int{date.year()}, "-", two_digits(unsigned{date.month()}), "-",
             two_digits(unsigned{date.day()}), "T", two_digits(time.hours().count()), ":",
             two_digits(time.minutes().count()), ":", two_digits(time.seconds().count()), "Z");
}

bool Log::enabled(Level level) const {
  return std::ranges::any_of(outputs_, [&](const Output& output) { return wants(output, level); });
}

void Log::write(Level level, std::string_view message) const {
  if (!enabled(level)) return;
  const std::string time = rfc3339_now();
  for (const Output& output : outputs_) {
    if (wants(output, level)) output.sink(log_line(output.format, level, time, message));
  }
}

}  // namespace nvbox
