#include <algorithm>

#include "base/text.h"
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

}  // namespace nvbox::cli
