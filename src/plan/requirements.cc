#include "nvbox/plan/requirements.h"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "nvbox/base/text.h"

namespace nvbox::plan {
namespace {

enum class Operator { equal, unequal, less, less_or_equal, greater, greater_or_equal };

struct OperatorRow {
  std::string_view text;
  Operator meaning;
};

constexpr OperatorRow operators[] = {
    {"=", Operator::equal},   {"!=", Operator::unequal},
    {"!", Operator::unequal},  // the peer takes the beginning of an operator for it
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

Result<bool> check_version(const Rule& rule, const std::string& value, std::string_view text) {
  const auto wanted = parse_version(rule.text);
  if (!wanted) return invalid(text);
  if (value.empty()) return true;
  const auto is = parse_version(value);
  if (!is) return invalid(text);
  return holds(*is <=> *wanted, rule.op);
}

Result<bool> check_brand(const Rule& rule, const std::string& value, std::string_view text) {
  if (rule.op != Operator::equal && rule.op != Operator::unequal) return invalid(text);
  if (value.empty()) return true;
  return (lower(value) == lower(rule.text)) == (rule.op == Operator::equal);
}

Result<bool> check_rule(std::string_view text, const Facts& facts) {
  const Rule rule = NVBOX_TRY(parse_rule(text));
  if (rule.name == "cuda") return check_version(rule, facts.cuda, text);
  if (rule.name == "driver") return check_version(rule, facts.driver, text);
  if (rule.name == "arch") return check_version(rule, facts.architecture, text);
  if (rule.name == "brand") return check_brand(rule, facts.brand, text);
  return invalid(text);
}

// Stops at the first rule that does not hold, as the peer does: what is behind it may be anything.
Result<bool> check_group(std::string_view group, const Facts& facts) {
  for (const std::string_view rule : split(group, ',')) {
    if (rule.empty()) continue;
    const bool is_satisfied = NVBOX_TRY(check_rule(rule, facts));
    if (!is_satisfied) return false;
  }
  return true;
}

std::string what_the_host_has(const Facts& facts) {
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

Error unsatisfied(std::string_view first_group, const Facts& facts) {
  const std::string_view advice =
      first_group.starts_with("cuda>=")
          ? ", please update your driver to a newer version, or use an earlier cuda container"
          : "";
  return Error(cat("unsatisfied condition: ", first_group, advice))
      .hint(cat("this host has ", what_the_host_has(facts),
                "; NVIDIA_DISABLE_REQUIRE=1 in the container's environment overrides this check"));
}

Result<> check(std::string_view requirement, const Facts& facts) {
  std::string_view first_group;
  for (const std::string_view group : split(requirement, ' ')) {
    if (group.find_first_not_of(',') == std::string_view::npos) continue;
    const bool is_satisfied = NVBOX_TRY(check_group(group, facts));
    if (is_satisfied) return {};
    if (first_group.empty()) first_group = group;
  }
  if (first_group.empty()) return {};
  return unsatisfied(first_group, facts);
}

}  // namespace

Result<> check_requirements(std::span<const std::string> requirements,
                            std::span<const Facts> facts) {
  for (const Facts& one : facts) {
    for (const std::string& requirement : requirements) {
      NVBOX_TRY(check(requirement, one));
    }
  }
  return {};
}

}  // namespace nvbox::plan
