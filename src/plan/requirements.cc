#include "plan/requirements.h"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace nvbox::plan {
namespace {

enum class Operator { equal, unequal, less, less_or_equal, greater, greater_or_equal };

struct OperatorRow {
  std::string_view text;
  Operator meaning;
};

constexpr OperatorRow operators[] = {
    {"=", Operator::equal},   {"!=", Operator::unequal},
    {"!", Operator::unequal},  // NVIDIA's toolkit takes the beginning of an operator for it
    {"<", Operator::less},    {"<=", Operator::less_or_equal},
    {">", Operator::greater}, {">=", Operator::greater_or_equal},
};

struct Rule {
  std::string name;
  Operator op;
  std::string_view text;
};

using Version = std::vector<std::uint64_t>;

// Digits and dots, starting with a digit; repeated dots count as one, and zeros at the end do not
// count: 13.0 is 13.
std::optional<Version> parse_version(std::string_view text) {
  if (text.empty() || text.front() == '.') return std::nullopt;
  Version version;
  for (const std::string_view piece : split(text, '.')) {
    if (piece.empty()) continue;
    const auto number = parse_number<std::uint64_t>(piece);
    if (!number) return std::nullopt;
    version.push_back(*number);
  }
  while (!version.empty() && version.back() == 0) version.pop_back();
  return version;
}

bool holds(std::strong_ordering order, Operator op) {
  switch (op) {
    case Operator::equal:
      return std::is_eq(order);
    case Operator::unequal:
      return std::is_neq(order);
    case Operator::less:
      return std::is_lt(order);
    case Operator::less_or_equal:
      return std::is_lteq(order);
    case Operator::greater:
      return std::is_gt(order);
    case Operator::greater_or_equal:
      return std::is_gteq(order);
  }
  return false;
}

Error invalid(std::string_view expression) {
  return Error("invalid expression")
      .hint(cat(quote(expression),
                " is not a list of rules like cuda>=12.4, of cuda, driver, arch and brand"));
}

Result<Rule> parse_rule(std::string_view text) {
  constexpr std::string_view symbols = "=!<>";
  const size_t begin = text.find_first_of(symbols);
  if (begin == std::string_view::npos || begin == 0) return invalid(text);
  const size_t end = std::min(text.find_first_not_of(symbols, begin), text.size());
  const auto* const row =
      std::ranges::find(operators, text.substr(begin, end - begin), &OperatorRow::text);
  if (row == std::end(operators) || end == text.size()) return invalid(text);
  return Rule{lower(text.substr(0, begin)), row->meaning, text.substr(end)};
}

// What a rule is taken for whose value is not known.
enum class Unknown { holds, fails };

Result<bool> check_version(const Rule& rule, const std::string& value, std::string_view text,
                           Unknown unknown) {
  const auto wanted = parse_version(rule.text);
  if (!wanted) return invalid(text);
  if (value.empty()) return unknown == Unknown::holds;
  const auto is = parse_version(value);
  if (!is) return invalid(text);
  return holds(*is <=> *wanted, rule.op);
}

Result<bool> check_brand(const Rule& rule, const std::string& value, std::string_view text,
                         Unknown unknown) {
  if (rule.op != Operator::equal && rule.op != Operator::unequal) return invalid(text);
  if (value.empty()) return unknown == Unknown::holds;
  return (lower(value) == lower(rule.text)) == (rule.op == Operator::equal);
}

Result<bool> check_rule(std::string_view text, const RequirementFacts& facts, Unknown unknown) {
  const Rule rule = NVBOX_TRY(parse_rule(text));
  const Unknown of_device = facts.has_device ? unknown : Unknown::holds;
  if (rule.name == "cuda") return check_version(rule, facts.cuda, text, unknown);
  if (rule.name == "driver") return check_version(rule, facts.driver, text, unknown);
  if (rule.name == "arch") return check_version(rule, facts.architecture, text, of_device);
  if (rule.name == "brand") return check_brand(rule, facts.brand, text, of_device);
  return invalid(text);
}

// Stops at the first rule that does not hold, as NVIDIA's toolkit does: what is behind it may be
// anything.
Result<bool> check_group(std::string_view group, const RequirementFacts& facts, Unknown unknown) {
  for (const std::string_view rule : split(group, ',')) {
    if (rule.empty()) continue;
    const bool is_satisfied = NVBOX_TRY(check_rule(rule, facts, unknown));
    if (!is_satisfied) return false;
  }
  return true;
}

// The alternatives of a requirement.
std::vector<std::string_view> groups_of(std::string_view requirement) {
  std::vector<std::string_view> groups = split(requirement, ' ');
  std::erase_if(groups, [](std::string_view group) {
    return group.find_first_not_of(',') == std::string_view::npos;
  });
  return groups;
}

Result<bool> is_satisfied(std::span<const std::string_view> groups, const RequirementFacts& facts,
                          Unknown unknown) {
  for (const std::string_view group : groups) {
    const bool holds = NVBOX_TRY(check_group(group, facts, unknown));
    if (holds) return true;
  }
  return groups.empty();
}

std::string what_the_host_has(const RequirementFacts& facts) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += cat(text.empty() ? "" : ", ", name, " ", value);
  };
  add("driver", facts.driver);
  add("cuda", facts.cuda);
  add("arch", facts.architecture);
  add("brand", facts.brand);
  return text;
}

constexpr std::string_view how_to_override =
    "NVIDIA_DISABLE_REQUIRE=1 in the container's environment overrides this check";

Error unsatisfied(std::string_view first_group, const RequirementFacts& facts) {
  const std::string_view advice =
      first_group.starts_with("cuda>=")
          ? ", please update your driver to a newer version, or use an earlier cuda container"
          : "";
  return Error(cat("unsatisfied condition: ", first_group, advice))
      .hint(cat("this host has ", what_the_host_has(facts), "; ", how_to_override));
}

Error undecided(std::string_view first_group, const RequirementFacts& facts) {
  return Error(cat("undecided condition: ", first_group, ": ",
                   facts.why_unknown.empty() ? "NVML was not asked" : facts.why_unknown))
      .hint(std::string(how_to_override));
}

Result<> check(std::string_view requirement, const RequirementFacts& facts) {
  const std::vector<std::string_view> groups = groups_of(requirement);
  const bool surely = NVBOX_TRY(is_satisfied(groups, facts, Unknown::fails));
  if (surely) return {};
  const bool perhaps = NVBOX_TRY(is_satisfied(groups, facts, Unknown::holds));
  return perhaps ? undecided(groups.front(), facts) : unsatisfied(groups.front(), facts);
}

}  // namespace

RequirementFacts facts_about(const driver::Inventory& inventory) {
  return {.driver = inventory.driver.version,
          .cuda = inventory.driver.cuda_version,
          .why_unknown = inventory.unanswered.value_or("")};
}

RequirementFacts facts_about(const driver::Inventory& inventory, const driver::Gpu& gpu) {
  RequirementFacts facts = facts_about(inventory);
  facts.architecture = gpu.architecture;
  facts.brand = gpu.brand;
  facts.has_device = true;
  if (gpu.unanswered) facts.why_unknown = *gpu.unanswered;
  return facts;
}

std::vector<RequirementFacts> facts_about(const driver::Inventory& inventory,
                                          const Selection& selection) {
  std::vector<RequirementFacts> facts;
  for (const size_t position : gpus_of(selection)) {
    facts.push_back(facts_about(inventory, inventory.gpus[position]));
  }
  if (facts.empty()) facts.push_back(facts_about(inventory));
  return facts;
}

bool are_undecided(std::span<const std::string> requirements, const RequirementFacts& facts) {
  return std::ranges::any_of(requirements, [&](const std::string& requirement) {
    const std::vector<std::string_view> groups = groups_of(requirement);
    const auto surely = is_satisfied(groups, facts, Unknown::fails);
    if (!surely || *surely) return false;
    const auto perhaps = is_satisfied(groups, facts, Unknown::holds);
    return perhaps && *perhaps;
  });
}

bool are_about_devices(std::span<const std::string> requirements) {
  return std::ranges::any_of(requirements, [](const std::string& requirement) {
    const std::string text = lower(requirement);
    return text.contains("arch") || text.contains("brand");
  });
}

Result<> check_requirements(std::span<const std::string> requirements,
                            std::span<const RequirementFacts> facts) {
  for (const RequirementFacts& one : facts) {
    for (const std::string& requirement : requirements) {
      NVBOX_TRY(check(requirement, one));
    }
  }
  return {};
}

Result<> check_requirements(std::span<const std::string> requirements,
                            const driver::Inventory& inventory, const Selection& selection,
                            Nvml nvml) {
  // What nobody knows there; every image of CUDA's has conditions.
  if (inventory.driver.kind == driver::DriverKind::wsl) return {};
  std::vector<RequirementFacts> all = facts_about(inventory, selection);
  if (nvml == Nvml::unasked) {
    std::erase_if(
        all, [&](const RequirementFacts& facts) { return are_undecided(requirements, facts); });
  }
  return check_requirements(requirements, all).in("requirement error");
}

Result<> check_conditions(const Request& request, const driver::Inventory& inventory,
                          const Selection& selection, Nvml nvml) {
  NVBOX_TRY(check_mig_rights(request.mig, selection, request.ask));
  return check_requirements(request.requirements, inventory, selection, nvml);
}

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
