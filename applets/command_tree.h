// Programs with subcommands, as tables: nvidia-ctk and nvidia-cdi-hook. A row is a command of its
// own or a group of more rows; help, messages and exit statuses follow from the table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "applet.h"
#include "base/result.h"
#include "cli/flags.h"
#include "cli/pages.h"
#include "debug_log.h"

namespace nvbox::applets {

// The flags of the programs themselves; every command below accepts them too.
struct ToolFlags {
  bool debug = false;
  bool quiet = false;    // wins over debug
  std::string config{};  // of nvidia-ctk
};

struct CommandRow;
struct Invocation;

// Answers for a program or a group whose command line names no command that there is, or has a
// mistake in front of the command. The standard answers are help, status 3 and incorrect usage.
using WithoutCommand = Result<int> (*)(const Invocation&, const std::optional<Error>& mistake);

// What the rows of one program share.
struct Tool {
  std::string_view title;  // as help and --version name the program
  std::string_view summary;
  std::span<const cli::Flag<ToolFlags>> flags;
  std::span<const CommandRow> (*commands)();
  WithoutCommand without_command = nullptr;
  EnvironmentOf environment = EnvironmentOf::host;
};

// How a command was called.
struct Invocation {
  const Call& call;
  const Tool& tool;
  ToolFlags& flags;
  std::string path;                             // "NVIDIA Container Toolkit CLI cdi list"
  std::string_view summary;                     // of the row
  std::span<const std::string_view> arguments;  // behind the command's name
  EnvironmentOf environment = EnvironmentOf::host;
  std::span<const CommandRow> commands{};  // of a command that has some
  // Where it is set, the command does nothing but tell what flags and operands it has.
  cli::CommandPage* page = nullptr;
};

// A row of a program's table.
struct CommandRow {
  std::string_view names;  // "list", or "generate gen" with another name for it
  std::string_view summary;
  // Either a command ...
  Result<int> (*run)(const Invocation&) = nullptr;
  // ... or a group, with what answers for it where it does not have what it was asked for, or
  // both: then the command is run where the first word names none of the group's.
  std::span<const CommandRow> (*commands)() = nullptr;
  WithoutCommand without_command = nullptr;
  cli::Shown shown = cli::Shown::yes;
  EnvironmentOf environment = EnvironmentOf::host;  // image: also of what is below the row
};

// What help lists of a table.
std::vector<cli::CommandSummary> summaries(std::span<const CommandRow> rows);

// Runs what the command line says. Commands get a log that writes to standard error, at the level
// that the flags choose.
Result<int> run_tool(const Tool& tool, const Call& call);

// What the tables of the program and its commands say, without what help does not show.
cli::CommandPage describe_tool(const Tool& tool, std::string_view name);

// Writes to standard output.
Result<> print(std::string_view text);

// "TITLE version V" and, when the build has one, "commit: SHA" on a line of its own.
std::string version_lines(std::string_view title);

// The variables of the caller's environment for flags, of which --debug takes no path. Of an
// image's environment those that say yes or no, so that no other value can stop a hook.
cli::Variables variables_of(const Call& call, EnvironmentOf author);

// The settings of a command line, or the exit status when it asked for help, which it then got.
template <typename Settings>
struct CommandLine {
  std::optional<int> exit_status{};
  Settings settings{};
  cli::FlagLine line{};
};

// Chooses the level that the flags ask for.
void set_level(const Invocation& invocation);

// Says what is wrong with the command line, and how to use the command, on standard error.
Error incorrect_usage(Error error, const std::string& help);

// A command's own part of run: reads its flags and those of its program; answers --help.
// `operands` is how help shows the positionals.
template <typename Settings>
Result<CommandLine<Settings>> parse_command(const Invocation& invocation,
                                            std::span<const cli::Flag<Settings>> flags,
                                            std::string_view operands = {}) {
  CommandLine<Settings> out;
  if (invocation.page != nullptr) {
    invocation.page->operands = operands;
    invocation.page->options = cli::option_pages(flags, cli::Reach::own);
    out.exit_status = 0;
    return out;
  }
  cli::FlagSet set;
  set.add(flags, out.settings);
  set.inherit(invocation.tool.flags, invocation.flags);
  const auto help = [&] {
    Settings unset;
    cli::FlagSet page;
    page.add(flags, unset);
    ToolFlags unset_too;
    page.inherit(invocation.tool.flags, unset_too);
    return cli::flag_help({.name = invocation.path,
                           .summary = invocation.summary,
                           .operands = operands,
                           .commands = summaries(invocation.commands)},
                          page);
  };
  Result<cli::FlagLine> line =
      set.parse(invocation.arguments, variables_of(invocation.call, invocation.environment),
                cli::Dialect::mixed);
  if (!line) return incorrect_usage(std::move(line).error(), help());
  out.line = std::move(line).value();
  if (out.line.asks == cli::FlagLine::Asks::help) {
    NVBOX_TRY(print(help()));
    out.exit_status = 0;
  }
  set_level(invocation);
  return out;
}

}  // namespace nvbox::applets
