#include <algorithm>

#include "base/text.h"
#include "cli/flags.h"
#include "cli/options.h"

namespace nvbox::cli {
namespace {

constexpr size_t help_column = 30;
constexpr size_t line_width = 79;

constexpr Row common[] = {
    {"help", '?', Takes::nothing, {}, "give this help list"},
    {"usage", 0, Takes::nothing, {}, "give a short usage message"},
    {"version", 'V', Takes::nothing, {}, "print program version"},
};

std::vector<Row> with_common(std::span<const Row> rows) {
  std::vector<Row> all(rows.begin(), rows.end());
  all.insert(all.end(), std::begin(common), std::end(common));
  return all;
}

// "=FILE", "[=UID[:GID]]" or nothing.
std::string value_of(const Row& row) {
  switch (row.takes) {
    case Takes::nothing:
      return "";
    case Takes::value:
      return cat("=", row.value);
    case Takes::optional_value:
      return cat("[=", row.value, "]");
  }
  return "";
}

void append_word(std::string& text, size_t& column, size_t indent, const std::string& word) {
  if (column + 1 + word.size() > line_width && column > indent) {
    text += cat("\n", std::string(indent, ' '), word);
    column = indent + word.size();
    return;
  }
  const bool is_first = column == indent;
  text += cat(is_first ? "" : " ", word);
  column += word.size() + (is_first ? 0 : 1);
}

std::string option_line(const Row& row) {
  std::string line = row.letter == 0 ? "      " : cat("  -", row.letter, ", ");
  line += cat("--", row.name, value_of(row));
  if (line.size() + 1 >= help_column)
    line += cat("\n", std::string(help_column, ' '));
  else
    line.resize(help_column, ' ');
  size_t column = help_column;
  for (const std::string_view word : split(row.help, ' ')) {
    append_word(line, column, help_column, std::string(word));
  }
  return line + "\n";
}

}  // namespace

std::string help_text(const Command& command, std::span<const Row> rows) {
  std::string text =
      cat("Usage: ", command.name, " [OPTION...]", command.operands.empty() ? "" : " ",
          command.operands, "\n", command.summary, "\n\n");
  for (const Row& row : with_common(rows)) text += option_line(row);
  return text;
}

std::string usage_text(const Command& command, std::span<const Row> rows) {
  const std::vector<Row> all = with_common(rows);
  std::string flags;
  for (const Row& row : all) {
    if (row.letter != 0 && row.takes == Takes::nothing) flags += row.letter;
  }
  constexpr size_t indent = 12;
  std::string text = cat("Usage: ", command.name);
  size_t column = text.size();
  append_word(text, column, indent, cat("[-", flags, "]"));
  for (const Row& row : all) {
    if (row.letter == 0 || row.takes == Takes::nothing) continue;
    const bool is_optional = row.takes == Takes::optional_value;
    append_word(text, column, indent,
                is_optional ? cat("[-", row.letter, "[", row.value, "]]")
                            : cat("[-", row.letter, " ", row.value, "]"));
  }
  for (const Row& row : all)
    append_word(text, column, indent, cat("[--", row.name, value_of(row), "]"));
  if (!command.operands.empty()) append_word(text, column, indent, std::string(command.operands));
  return text + "\n";
}

std::string advice(const Command& command) {
  return cat("Try '", command.name, " --help' or '", command.name,
             " --usage' for more information.\n");
}

namespace {

constexpr size_t indent = 3;

struct Line {
  std::string left{};
  std::string right{};
};

// "   left    right" with the right sides below each other.
std::string columns(const std::vector<Line>& lines) {
  size_t width = 0;
  for (const Line& line : lines) width = std::max(width, line.left.size());
  std::string text;
  for (const Line& line : lines) {
    const size_t gap = width - line.left.size() + 2;
    text += cat(std::string(indent, ' '), line.left);
    if (!line.right.empty()) text += cat(std::string(gap, ' '), line.right);
    text += "\n";
  }
  return text;
}

std::string section(std::string_view title, std::string_view text) {
  return text.empty() ? "" : cat("\n", title, ":\n", text);
}

// "--config string, -c string"
std::string names_text(const FlagRow& row, std::string_view placeholder) {
  std::string text;
  for (const std::string_view name : split(row.names, ' ')) {
    text += cat(text.empty() ? "" : ", ", name.size() == 1 ? "-" : "--", name, placeholder);
  }
  return text;
}

std::string variables_text(const FlagRow& row) {
  if (row.variables.empty()) return "";
  std::string text;
  for (const std::string_view name : split(row.variables, ' ')) {
    text += cat(text.empty() ? " [" : ", ", "$", name);
  }
  return text + "]";
}

// The value that a flag has before anybody gives it one.
struct Default {
  std::string operator()(const bool* target) const { return *target ? "true" : ""; }
  std::string operator()(const std::string* target) const {
    return target->empty() ? "" : quote(*target);
  }
  std::string operator()(const std::optional<std::string>* /*target*/) const { return ""; }
  std::string operator()(const std::vector<std::string>* target) const {
    std::vector<std::string> quoted;
    for (const std::string& value : *target) quoted.push_back(quote(value));
    return join(quoted, ", ");
  }
};

std::string usage_of(const HelpPage& page) {
  std::string text(page.name);
  const bool is_group = !page.commands.empty();
  if (!page.version.empty()) text += " [global options]";
  text += is_group ? " [command [command options]]" : " [options]";
  return page.operands.empty() ? text : cat(text, " ", page.operands);
}

std::string commands_text(std::span<const CommandSummary> commands) {
  std::vector<Line> lines;
  for (const CommandSummary& command : commands) {
    std::string names;
    for (const std::string_view name : split(command.names, ' ')) {
      names += cat(names.empty() ? "" : ", ", name);
    }
    lines.push_back({std::move(names), std::string(command.summary)});
  }
  return columns(lines);
}

}  // namespace

std::string FlagSet::help_of(Origin origin) const {
  std::vector<Line> lines;
  const auto add = [&](const FlagRow& row, std::string_view placeholder,
                       const std::string& preset) {
    std::string names = names_text(row, placeholder);
    lines.push_back(
        {std::move(names), cat(row.help, preset.empty() ? "" : cat(" (default: ", preset, ")"),
                               variables_text(row))});
  };
  for (const Bound& flag : bound_) {
    if (flag.origin != origin || flag.row.shown == Shown::no) continue;
    const bool is_boolean = std::holds_alternative<bool*>(flag.destination);
    add(flag.row, is_boolean ? "" : " string",
        std::visit([](const auto* target) { return Default{}(target); }, flag.destination));
  }
  if (origin == Origin::inherited) return columns(lines);
  add({"help h", {}, "show help"}, "", "");
  if (common_ == CommonFlags::help_and_version) add({"version v", {}, "print the version"}, "", "");
  return columns(lines);
}

std::string FlagSet::own_help() const {
  return help_of(Origin::own);
}

std::string FlagSet::inherited_help() const {
  return help_of(Origin::inherited);
}

std::string flag_help(const HelpPage& page, const FlagSet& flags) {
  const bool is_program = !page.version.empty();
  std::string text = cat("NAME:\n   ", page.name, " - ", page.summary, "\n");
  text += section("USAGE", cat("   ", usage_of(page), "\n"));
  if (is_program) text += section("VERSION", cat("   ", page.version, "\n"));
  text += section("COMMANDS", commands_text(page.commands));
  text += section(is_program ? "GLOBAL OPTIONS" : "OPTIONS", flags.own_help());
  return text + section("GLOBAL OPTIONS", flags.inherited_help());
}

}  // namespace nvbox::cli
