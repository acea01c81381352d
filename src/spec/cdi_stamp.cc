#include "spec/cdi_stamp.h"

#include <algorithm>

#include "base/text.h"

namespace nvbox::spec {
namespace {

constexpr std::string_view comment_start = "# nvbox: ";
constexpr std::string_view kept_comment =
    "# Kept up to date by nvidia-ctk cdi refresh; without this line it is left alone.\n";
constexpr std::string_view driver_annotation = "io.nvbox.driver-version";
constexpr std::string_view devices_annotation = "io.nvbox.devices";
constexpr std::string_view document_start = "---\n";

// The letters, digits and dots that `text` begins with.
std::string leading_word(std::string_view text) {
  constexpr std::string_view word =
      "0123456789.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return std::string(text.substr(0, text.find_first_not_of(word)));
}

// The word behind `key` and what separates the two: "key=word", "key: word" or "key":"word".
std::string word_behind(std::string_view text, std::string_view key) {
  const size_t found = text.find(key);
  if (found == std::string_view::npos) return "";
  const std::string_view rest = text.substr(found + key.size());
  const size_t start = rest.find_first_not_of("=:\" ");
  return start == std::string_view::npos ? "" : leading_word(rest.substr(start));
}

// Behind the "---" of a YAML document.
std::string add_comment(std::string_view yaml, std::string_view comment) {
  const std::string_view start = yaml.starts_with(document_start) ? document_start : "";
  return cat(start, comment, yaml.substr(start.size()));
}

std::optional<CdiStamp> stamp_in(std::string_view text, std::string_view driver_key,
                                 std::string_view devices_key) {
  CdiStamp stamp = {.driver_version = word_behind(text, driver_key),
                    .devices = word_behind(text, devices_key)};
  if (stamp.driver_version.empty() || stamp.devices.empty()) return std::nullopt;
  return stamp;
}

}  // namespace

std::string stamp_comment(const CdiStamp& stamp) {
  return cat(comment_start, "driver=", stamp.driver_version, " devices=", stamp.devices, "\n");
}

std::string add_stamp_comment(std::string_view yaml, const CdiStamp& stamp) {
  return add_comment(yaml, stamp_comment(stamp));
}

std::string add_kept_comment(std::string_view yaml) {
  return add_comment(yaml, kept_comment);
}

bool has_kept_comment(std::string_view text) {
  const std::string_view start = text.starts_with(document_start) ? document_start : "";
  return text.substr(start.size()).starts_with(kept_comment);
}

CdiAnnotations stamp_annotations(const CdiStamp& stamp) {
  return {{std::string(driver_annotation), stamp.driver_version},
          {std::string(devices_annotation), stamp.devices}};
}

std::optional<CdiStamp> read_stamp(std::string_view text) {
  // Comments stand above the first member.
  for (std::string_view rest = text; rest.starts_with('#') || rest.starts_with("---");) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (line.starts_with(comment_start)) return stamp_in(line, "driver=", "devices=");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return stamp_in(text, driver_annotation, devices_annotation);
}

}  // namespace nvbox::spec
