#include "cli/flags.h"

#include <algorithm>

#include "base/text.h"

namespace nvbox::cli {
namespace {

using Asks = FlagLine::Asks;

std::string_view first_name(std::string_view names) {
  return names.substr(0, names.find(' '));
}

// A word with a dash that is more than the dash.
bool is_flag(std::string_view word) {
  return word.size() > 1 && word.starts_with('-');
}

std::string_view without_dashes(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  return word;
}

std::string_view type_name(const auto& destination) {
  constexpr std::string_view names[] = {"bool", "string", "string", "[]string"};
  return names[destination.index()];
}

// One value of the command line or of a variable, put where it belongs.
struct Store {
  std::string_view value;
  Split split_at;
  bool is_first;

  Result<> operator()(bool* target) const {
    const auto parsed = parse_bool(value);
    if (!parsed) return Error("parse error").hint("use true or false");
    *target = *parsed;
    return {};
  }
  Result<> operator()(std::string* target) const {
    *target = value;
    return {};
  }
  Result<> operator()(std::optional<std::string>* target) const {
    *target = value;
    return {};
  }
  Result<> operator()(std::vector<std::string>* target) const {
    if (is_first) target->clear();
    if (split_at == Split::never) {
      target->emplace_back(value);
      return {};
    }
    for (const std::string_view piece : split(value, ',')) target->emplace_back(trim(piece));
    return {};
  }
};

}  // namespace

bool is_name_of(std::string_view names, std::string_view name) {
  const std::vector<std::string_view> all = split(names, ' ');
  return std::ranges::find(all, name) != all.end();
}

bool FlagLine::is_set(std::string_view name) const {
  return std::ranges::find(set, name) != set.end();
}

FlagSet::Bound* FlagSet::find(std::string_view name) {
  const auto found = std::ranges::find_if(
      bound_, [&](const Bound& flag) { return is_name_of(flag.row.names, name); });
  return found == bound_.end() ? nullptr : &*found;
}

bool FlagSet::is_any_taken(std::string_view names) const {
  return std::ranges::any_of(split(names, ' '), [&](std::string_view name) {
    return std::ranges::any_of(bound_,
                               [&](const Bound& flag) { return is_name_of(flag.row.names, name); });
  });
}

Asks FlagSet::question(std::string_view name) const {
  if (name == "help" || name == "h") return Asks::help;
  if (common_ == CommonFlags::help) return Asks::nothing;
  return name == "version" || name == "v" ? Asks::version : Asks::nothing;
}

Error FlagSet::unknown(std::string_view name) const {
  std::vector<std::string_view> names = {"help"};
  for (const Bound& flag : bound_) {
    if (flag.row.shown == Shown::no) continue;
    for (const std::string_view each : split(flag.row.names, ' ')) {
      if (each.size() > 1) names.push_back(each);
    }
  }
  Error error(cat("flag provided but not defined: -", printable(name)));
  const auto near = did_you_mean(name, names);
  return near ? std::move(error).hint(cat("did you mean --", *near, "?")) : error;
}

Result<> FlagSet::store(Bound& flag, std::string_view value) {
  NVBOX_TRY(std::visit(Store{value, flag.row.split, !flag.is_set}, flag.destination));
  flag.is_set = true;
  return {};
}

Result<> FlagSet::store_variable(Bound& flag, const Variables& variables) {
  if (flag.row.variables.empty()) return {};
  for (const std::string_view name : split(flag.row.variables, ' ')) {
    const auto value = variables(name);
    if (!value) continue;
    const bool is_list = std::holds_alternative<std::vector<std::string>*>(flag.destination);
    const bool is_boolean = std::holds_alternative<bool*>(flag.destination);
    if (value->empty() && is_list) return {};
    return store(flag, value->empty() && is_boolean ? "false" : *value)
        .in(cat("could not parse ", quote(*value), " as ", type_name(flag.destination),
                " value from environment variable ", quote(name), " for flag ",
                first_name(flag.row.names)));
  }
  return {};
}

Result<size_t> FlagSet::take(std::span<const std::string_view> words, FlagLine& line) {
  const std::string_view word = words.front();
  const std::string_view text = without_dashes(word);
  const size_t equals = text.find('=');
  const bool is_attached = equals != std::string_view::npos;
  const std::string_view name = text.substr(0, equals);
  Bound* const flag = find(name);
  if (flag == nullptr) {
    line.asks = question(name);
    if (line.asks == Asks::nothing) return unknown(name);
    return 1;
  }
  const bool is_boolean = std::holds_alternative<bool*>(flag->destination);
  if (!is_attached && !is_boolean && words.size() < 2) {
    return Error(cat("flag needs an argument: ", word));
  }
  const bool takes_next = !is_attached && !is_boolean;
  const std::string_view attached = is_attached ? text.substr(equals + 1) : "true";
  const std::string_view value = takes_next ? words[1] : attached;
  NVBOX_TRY(store(*flag, value).in(cat("invalid value ", quote(value), " for flag -", name)));
  return takes_next ? 2 : 1;
}

Result<FlagLine> FlagSet::parse(std::span<const std::string_view> arguments,
                                const Variables& variables, Dialect dialect) {
  FlagLine line;
  while (!arguments.empty() && line.asks == Asks::nothing) {
    const std::string_view word = arguments.front();
    if (is_flag(word) && word != "--") {
      arguments = arguments.subspan(NVBOX_TRY(take(arguments, line)));
      continue;
    }
    const bool is_end = word == "--";
    const bool ends = is_end || dialect == Dialect::until_positional;
    const auto positionals = arguments.subspan(is_end ? 1 : 0, ends ? std::dynamic_extent : 1);
    line.positionals.insert(line.positionals.end(), positionals.begin(), positionals.end());
    arguments = ends ? std::span<const std::string_view>() : arguments.subspan(1);
  }
  if (line.asks != Asks::nothing) return line;
  for (Bound& flag : bound_) {
    const bool looks = !flag.is_set && flag.origin == Origin::own;
    if (looks) NVBOX_TRY(store_variable(flag, variables));
    if (flag.is_set) line.set.push_back(first_name(flag.row.names));
  }
  return line;
}

}  // namespace nvbox::cli
