#include "plan/required.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace nvbox::plan {
namespace {

constexpr std::string_view label_characters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";

// "rc.1": labels with dots between them.
bool are_labels(std::string_view text) {
  return std::ranges::all_of(split(text, '.'), [](std::string_view label) {
    return !label.empty() && label.find_first_not_of(label_characters) == std::string_view::npos;
  });
}

// Takes what stands behind `mark` off the end of `text`; false when that is not labels.
bool cut_labels(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return true;
  const std::string_view labels = text.substr(at + 1);
  text = text.substr(0, at);
  return are_labels(labels);
}

// "v12.2.140-rc.1+build" -> "12.2": one to four numbers, and what semantic versions
// (semver.org, 9 and 10) have behind them.
std::optional<std::string> major_and_minor(std::string_view version) {
  constexpr size_t most_numbers = 4;
  if (version.starts_with('v')) version.remove_prefix(1);
  if (!cut_labels(version, '+') || !cut_labels(version, '-')) return std::nullopt;
  std::vector<unsigned> numbers;
  for (const std::string_view piece : split(version, '.')) {
    const auto number = parse_number<unsigned>(piece);
    if (!number || numbers.size() == most_numbers) return std::nullopt;
    numbers.push_back(*number);
  }
  return cat(numbers[0], ".", numbers.size() > 1 ? numbers[1] : 0);
}

bool are_disabled(const spec::ContainerView& container, const config::Config& config) {
  const std::string_view variable = container.variable("NVIDIA_DISABLE_REQUIRE").value_or("");
  return config.disable_require || parse_bool(variable).value_or(false);
}

}  // namespace

bool is_legacy_image(const spec::ContainerView& container) {
  return !container.variable("CUDA_VERSION").value_or("").empty() &&
         container.variable("NVIDIA_REQUIRE_CUDA").value_or("").empty();
}

std::vector<std::string> requirements_of(const spec::ContainerView& container,
                                         const config::Config& config,
                                         std::vector<std::string>& warnings) {
  std::vector<std::string> requirements;
  if (are_disabled(container, config)) return requirements;
  std::vector<std::pair<std::string, std::string>> variables;
  for (const auto& [name, value] : container.env) {
    if (!name.starts_with("NVIDIA_REQUIRE_") || name.starts_with("NVIDIA_REQUIRE_JETPACK") ||
        value.empty()) {
      continue;
    }
    variables.emplace_back(name, value);
  }
  std::ranges::sort(variables);
  for (auto& [name, value] : variables) requirements.push_back(std::move(value));
  if (!is_legacy_image(container)) return requirements;
  const std::string_view cuda = container.variable("CUDA_VERSION").value_or("");
  if (const auto version = major_and_minor(cuda)) {
    requirements.push_back(cat("cuda>=", *version));
  } else {
    warnings.push_back(
        cat("CUDA_VERSION: ", quote(cuda), " is not a version; nothing is required"));
  }
  return requirements;
}

}  // namespace nvbox::plan
