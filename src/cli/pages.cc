#include "cli/pages.h"

#include <utility>

#include "base/text.h"

namespace nvbox::cli {
namespace {

std::string dashed(std::string_view name) {
  return cat(name.size() == 1 ? "-" : "--", name);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  if (text.empty()) return words;
  for (const std::string_view word : split(text, ' ')) words.emplace_back(word);
  return words;
}

std::vector<OptionPage> pages_of(std::span<const Row> rows) {
  std::vector<OptionPage> pages;
  for (const Row& row : rows) {
    OptionPage page = {.words = {dashed(row.name)},
                       .takes = row.takes,
                       .value = std::string(row.value),
                       .help = std::string(row.help)};
    if (row.letter != 0) page.words.push_back(cat("-", row.letter));
    pages.push_back(std::move(page));
  }
  return pages;
}

}  // namespace

CommandPage command_page(const Command& command, std::span<const Row> rows) {
  return {.names = {std::string(split(command.name, ' ').back())},
          .summary = std::string(command.summary),
          .operands = std::string(command.operands),
          .options = pages_of(rows)};
}

std::vector<OptionPage> common_option_pages() {
  constexpr Reach reach = Reach::commands_below;
  return {{.words = {"--help", "-?"}, .help = "give this help list", .reach = reach},
          {.words = {"--usage"}, .help = "give a short usage message", .reach = reach},
          {.words = {"--version", "-V"}, .help = "print program version", .reach = reach}};
}

namespace detail {

OptionPage flag_page(const FlagRow& row, Takes takes, std::string preset) {
  OptionPage page = {.takes = takes,
                     .value = takes == Takes::nothing ? "" : "VALUE",
                     .help = std::string(row.help),
                     .preset = std::move(preset),
                     .variables = words_of(row.variables)};
  for (const std::string_view name : split(row.names, ' ')) page.words.push_back(dashed(name));
  return page;
}

}  // namespace detail

}  // namespace nvbox::cli
