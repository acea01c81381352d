// Programs described by their tables, for what is made from the descriptions: man pages and the
// completion scripts of shells.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/text.h"
#include "cli/flags.h"
#include "cli/options.h"

namespace nvbox::cli {

// Where an option may stand: behind its own command's name, or behind those below it as well.
enum class Reach { own, commands_below };

struct OptionPage {
  std::vector<std::string> words{};  // as they are written: "--format", "-f"
  Takes takes = Takes::nothing;
  std::string value{};  // what it is called: "FILE"
  std::string help{};
  std::string preset{};                  // its value before anybody gives it one
  std::vector<std::string> variables{};  // that give the value, too
  Reach reach = Reach::own;

  bool operator==(const OptionPage&) const = default;
};

// A program, or a command of one.
struct CommandPage {
  std::vector<std::string> names{};  // the first is what it is called
  std::string summary{};
  std::string operands{};  // as usage shows them: "ROOTFS"
  std::vector<OptionPage> options{};
  std::vector<CommandPage> commands{};

  bool operator==(const CommandPage&) const = default;
};

// A command of a program of options.h, named by the last word of its name.
CommandPage command_page(const Command& command, std::span<const Row> rows);

// What every program of options.h and its commands understand besides their tables.
std::vector<OptionPage> common_option_pages();

namespace detail {

template <typename Settings>
struct Preset {
  const Settings& unset;

  std::string operator()(bool Settings::* /*field*/) const { return ""; }
  std::string operator()(std::string Settings::*field) const { return unset.*field; }
  std::string operator()(std::optional<std::string> Settings::* /*field*/) const { return ""; }
  std::string operator()(std::vector<std::string> Settings::*field) const {
    return join(unset.*field, ",");
  }
};

OptionPage flag_page(const FlagRow& row, Takes takes, std::string preset);

}  // namespace detail

// The rows of a table of flags.h that help shows.
template <typename Settings>
std::vector<OptionPage> option_pages(std::span<const Flag<Settings>> flags, Reach reach) {
  const Settings unset{};
  std::vector<OptionPage> pages;
  for (const Flag<Settings>& flag : flags) {
    if (flag.row.shown == Shown::no) continue;
    const bool is_boolean = std::holds_alternative<bool Settings::*>(flag.target);
    pages.push_back(detail::flag_page(flag.row, is_boolean ? Takes::nothing : Takes::value,
                                      std::visit(detail::Preset<Settings>{unset}, flag.target)));
    pages.back().reach = reach;
  }
  return pages;
}

}  // namespace nvbox::cli
