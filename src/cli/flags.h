// Flags as tables, in the grammar of NVIDIA's Go programs (the flag package and urfave/cli): one
// dash or two are the same, --name VALUE and --name=VALUE too, a boolean takes a value only behind
// "=", short names are names of one letter and are never joined, "--" ends the flags. The C
// programs' grammar is in options.h.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace nvbox::cli {

// Whether "a,b" is two values of a list.
enum class Split { at_commas, never };

enum class Shown { yes, no };

// What help and parsing need to know of a flag.
struct FlagRow {
  std::string_view names;  // without dashes, "debug d": the first is what messages call it
  // Environment variables, separated by blanks: the first that is set gives the value.
  std::string_view variables{};
  std::string_view help{};
  Split split = Split::at_commas;
  Shown shown = Shown::yes;
};

// Where a value goes: a boolean, the last text, the last text if there was any, or a list, whose
// default is replaced by the first value.
template <typename Settings>
using FlagTarget =
    std::variant<bool Settings::*, std::string Settings::*, std::optional<std::string> Settings::*,
                 std::vector<std::string> Settings::*>;

template <typename Settings>
struct Flag {
  FlagRow row;
  FlagTarget<Settings> target;
};

// How a value of the environment is found; nullopt when the variable is not set.
using Variables = std::function<std::optional<std::string_view>(std::string_view name)>;

// Where flags may stand.
enum class Dialect {
  mixed,            // between the positionals, too
  until_positional  // the first positional ends them: programs with subcommands, and Go's package
};

// A command line without the values of its flags.
struct FlagLine {
  std::vector<std::string> positionals{};
  // First names of the flags that the command line or a variable gave.
  std::vector<std::string_view> set{};
  // --help or -h, and --version or -v of programs, where no flag of the table has that name. The
  // first of them ends the parsing.
  enum class Asks { nothing, help, version } asks = Asks::nothing;

  bool is_set(std::string_view name) const;
};

// What every flag set has besides its table.
enum class CommonFlags { help, help_and_version };

// The flags of a command, bound to the settings that they fill.
class FlagSet {
 public:
  explicit FlagSet(CommonFlags common = CommonFlags::help) : common_(common) {}

  // `settings` is written by parse and has to live until then.
  template <typename Settings>
  void add(std::span<const Flag<Settings>> flags, Settings& settings) {
    bind(flags, settings, Origin::own);
  }

  // The flags of a program that its subcommands accept as well, except those whose name is taken.
  // Variables do not count for these: the program has looked at them.
  template <typename Settings>
  void inherit(std::span<const Flag<Settings>> flags, Settings& settings) {
    bind(flags, settings, Origin::inherited);
  }

  // Writes what is given into the settings. An error is a mistake of the caller's in NVIDIA's
  // words, "flag provided but not defined: -foo"; settings may then be written in part.
  Result<FlagLine> parse(std::span<const std::string_view> arguments, const Variables& variables,
                         Dialect dialect);

  // The lines of help, in NVIDIA's layout, for the flags of this command or for the inherited
  // ones. Empty when there are none. Defaults are what the settings say, so parse comes later.
  std::string own_help() const;
  std::string inherited_help() const;

 private:
  enum class Origin { own, inherited };
  using Destination =
      std::variant<bool*, std::string*, std::optional<std::string>*, std::vector<std::string>*>;
  struct Bound {
    FlagRow row;
    Destination destination;
    Origin origin;
    bool is_set = false;
  };

  template <typename Settings>
  void bind(std::span<const Flag<Settings>> flags, Settings& settings, Origin origin) {
    for (const Flag<Settings>& flag : flags) {
      if (origin == Origin::inherited && is_any_taken(flag.row.names)) continue;
      std::visit(
          [&](auto field) {
            bound_.push_back({flag.row, &(settings.*field), origin});
          },
          flag.target);
    }
  }

  bool is_any_taken(std::string_view names) const;
  Bound* find(std::string_view name);
  // What --help and --version ask for; nothing for other names.
  FlagLine::Asks question(std::string_view name) const;
  Error unknown(std::string_view name) const;
  static Result<> store(Bound& flag, std::string_view value);
  static Result<> store_variable(Bound& flag, const Variables& variables);
  // The number of words that the flag took.
  Result<size_t> take(std::span<const std::string_view> words, FlagLine& line);
  std::string help_of(Origin origin) const;

  CommonFlags common_;
  std::vector<Bound> bound_{};
};

template <typename Settings>
struct ParsedFlags {
  Settings settings{};
  FlagLine line{};
};

// For programs without subcommands.
template <typename Settings>
Result<ParsedFlags<Settings>> parse_flags(std::span<const Flag<Settings>> flags,
                                          std::span<const std::string_view> arguments,
                                          const Variables& variables, Dialect dialect) {
  ParsedFlags<Settings> parsed;
  FlagSet set;
  set.add(flags, parsed.settings);
  parsed.line = NVBOX_TRY(set.parse(arguments, variables, dialect));
  return parsed;
}

// Whether `name` is one of `names`, which blanks separate.
bool is_name_of(std::string_view names, std::string_view name);

// A line of the list of commands.
struct CommandSummary {
  std::string_view names;  // "help h"
  std::string_view summary;
};

// What help says of a command besides its flags.
struct HelpPage {
  std::string_view name;  // with the commands above it: "NVIDIA Container Toolkit CLI cdi"
  std::string_view summary;
  std::string_view operands{};  // as usage shows them: "[PATH...]"
  std::string_view version{};   // of a program; subcommands have none
  std::span<const CommandSummary> commands{};
};

// What --help prints: NAME, USAGE, VERSION, COMMANDS and OPTIONS, as urfave/cli lays them out.
std::string flag_help(const HelpPage& page, const FlagSet& flags);

}  // namespace nvbox::cli
