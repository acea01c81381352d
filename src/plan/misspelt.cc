#include "plan/misspelt.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "driver/inventory.h"

namespace nvbox::plan {
namespace {

constexpr std::string_view known[] = {
    "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_DISABLE_REQUIRE",
    "NVIDIA_IMEX_CHANNELS",   "NVIDIA_MIG_CONFIG_DEVICES",  "NVIDIA_MIG_MONITOR_DEVICES",
};

// An image must not be able to fill the host's logs.
constexpr size_t most_warnings = 4;

bool is_known(std::string_view name) {
  return std::ranges::find(known, name) != std::end(known) ||
         std::ranges::find(driver::feature_names, name, &driver::FeatureName::variable) !=
             std::end(driver::feature_names) ||
         name.starts_with("NVIDIA_REQUIRE_");
}

// Cheap, because every variable of every container is asked: the first word is NVIDIA, or nearly.
bool concerns_nvidia(std::string_view name) {
  constexpr std::string_view vendor[] = {"NVIDIA"};
  const size_t length = name.find_first_of("_-");
  if (length == std::string_view::npos || length < 5 || length > 7) return false;
  return did_you_mean(name.substr(0, length), vendor).has_value();
}

// The names of features are so short that much is near them, NVIDIA_GPU for one; their one value
// tells.
std::optional<std::string_view> nearest(std::string_view name, std::string_view value) {
  if (const auto meant = did_you_mean(name, known)) return meant;
  if (value != "enabled") return std::nullopt;
  std::vector<std::string_view> features;
  for (const driver::FeatureName& row : driver::feature_names) features.push_back(row.variable);
  return did_you_mean(name, features);
}

}  // namespace

std::vector<std::string> misspelt_variables(const spec::ContainerView& container,
                                            const config::Config& config) {
  std::vector<std::string> warnings;
  size_t left_out = 0;
  for (const auto& [name, value] : container.env) {
    if (!concerns_nvidia(name) || is_known(name)) continue;
    if (std::ranges::find(config.swarm_resource, name) != config.swarm_resource.end()) continue;
    const auto meant = nearest(name, value);
    if (!meant) continue;
    if (warnings.size() == most_warnings) {
      ++left_out;
      continue;
    }
    warnings.push_back(cat("ignoring variable ", quote(name), ": did you mean ", *meant, "?"));
  }
  if (left_out > 0) warnings.push_back(cat("ignoring ", left_out, " more variables like these"));
  return warnings;
}

}  // namespace nvbox::plan
