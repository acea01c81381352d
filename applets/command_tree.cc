#include "command_tree.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "base/version.h"
#include "sys/file.h"

namespace nvbox::applets {
namespace {

// urfave/cli's.
constexpr int no_such_command = 3;

constexpr cli::CommandSummary help_summary = {"help h",
                                              "Shows a list of commands or help for one command"};

// The program itself or one of its groups.
struct CommandGroup {
  std::span<const CommandRow> commands;
  WithoutCommand without_command;
  enum class Kind { program, part } kind;
};

// The flags of the program: its own, or accepted by what is below it.
cli::FlagSet bind(const Tool& tool, CommandGroup::Kind kind, ToolFlags& flags) {
  if (kind == CommandGroup::Kind::program) {
    cli::FlagSet set(cli::CommonFlags::help_and_version);
    set.add(tool.flags, flags);
    return set;
  }
  cli::FlagSet set;
  set.inherit(tool.flags, flags);
  return set;
}

std::string help_of(const Invocation& invocation, const CommandGroup& group) {
  std::vector<cli::CommandSummary> rows = summaries(group.commands);
  rows.push_back(help_summary);
  std::string version_text;
  if (group.kind == CommandGroup::Kind::program) {
    version_text = commit().empty() ? version() : cat(version(), "\ncommit: ", commit());
  }
  ToolFlags unset;
  return cli::flag_help({.name = invocation.path,
                         .summary = invocation.summary,
                         .version = version_text,
                         .commands = rows},
                        bind(invocation.tool, group.kind, unset));
}

const CommandRow* find_row(std::span<const CommandRow> rows, std::string_view name) {
  const auto row = std::ranges::find_if(
      rows, [&](const CommandRow& each) { return cli::is_name_of(each.names, name); });
  return row == rows.end() ? nullptr : &*row;
}

Result<int> unknown_command(const CommandGroup& group, std::string_view name) {
  std::vector<std::string_view> names;
  for (const CommandRow& row : group.commands) {
    if (row.shown == cli::Shown::yes) names.push_back(split(row.names, ' ').front());
  }
  const auto near = did_you_mean(name, names);
  const std::string advice = near ? cat("; did you mean ", *near, "?") : "";
  NVBOX_TRY(sys::write_all(STDERR_FILENO,
                           cat("No help topic for '", printable(name), "'", advice, "\n")));
  return no_such_command;
}

Result<int> run_group(const Invocation& invocation, const CommandGroup& group);

Result<int> run_row(const Invocation& parent, const CommandRow& row,
                    std::span<const std::string_view> arguments);

// The row's command, or one of those below it where the first word names one.
Result<int> run_command(Invocation invocation, const CommandRow& row) {
  static constexpr std::string_view ask[] = {"--help"};
  const auto words = invocation.arguments;
  if (row.commands != nullptr) invocation.commands = row.commands();
  if (!words.empty() && !invocation.commands.empty()) {
    const CommandRow* const below = find_row(invocation.commands, words.front());
    if (below != nullptr) return run_row(invocation, *below, words.subspan(1));
    if (cli::is_name_of(help_summary.names, words.front())) invocation.arguments = ask;
  }
  if (invocation.environment == EnvironmentOf::host) add_debug_file(invocation.call);
  return row.run(invocation);
}

Result<int> run_row(const Invocation& parent, const CommandRow& row,
                    std::span<const std::string_view> arguments) {
  const Invocation invocation = {.call = parent.call,
                                 .tool = parent.tool,
                                 .flags = parent.flags,
                                 .path = cat(parent.path, " ", split(row.names, ' ').front()),
                                 .summary = row.summary,
                                 .arguments = arguments,
                                 .environment = parent.environment == EnvironmentOf::host
                                                    ? row.environment
                                                    : EnvironmentOf::image};
  if (row.run != nullptr) return run_command(invocation, row);
  return run_group(invocation, {.commands = row.commands(),
                                .without_command = row.without_command,
                                .kind = CommandGroup::Kind::part});
}

// "help" shows what --help behind the next word would.
Result<int> run_help(const Invocation& invocation, const CommandGroup& group,
                     std::span<const std::string_view> topic) {
  if (topic.empty()) {
    NVBOX_TRY(print(help_of(invocation, group)));
    return 0;
  }
  const CommandRow* const row = find_row(group.commands, topic.front());
  if (row == nullptr) return unknown_command(group, topic.front());
  constexpr std::string_view ask[] = {"--help"};
  return run_row(invocation, *row, ask);
}

// Who chose the environment, which the command that the line names may say.
EnvironmentOf author_of(const Invocation& invocation, const CommandGroup& group) {
  const bool is_of_image = std::ranges::any_of(invocation.arguments, [&](std::string_view word) {
    const CommandRow* const row = find_row(group.commands, word);
    return row != nullptr && row->environment == EnvironmentOf::image;
  });
  return is_of_image ? EnvironmentOf::image : invocation.environment;
}

// Help, --version, or the command that the line names.
Result<int> run_group(const Invocation& invocation, const CommandGroup& group) {
  cli::FlagSet flags = bind(invocation.tool, group.kind, invocation.flags);
  const auto parsed =
      flags.parse(invocation.arguments, variables_of(invocation.call, author_of(invocation, group)),
                  cli::Dialect::until_positional);
  if (!parsed && group.without_command != nullptr) {
    return group.without_command(invocation, parsed.error());
  }
  if (!parsed) return incorrect_usage(parsed.error(), help_of(invocation, group));
  set_level(invocation);
  if (parsed->asks == cli::FlagLine::Asks::version) {
    NVBOX_TRY(print(version_lines(invocation.tool.title)));
    return 0;
  }
  if (parsed->asks == cli::FlagLine::Asks::help) return run_help(invocation, group, {});
  const std::span<const std::string_view> words =
      invocation.arguments.last(parsed->positionals.size());
  if (!words.empty() && cli::is_name_of(help_summary.names, words.front())) {
    return run_help(invocation, group, words.subspan(1));
  }
  const CommandRow* const row = words.empty() ? nullptr : find_row(group.commands, words.front());
  if (row != nullptr) return run_row(invocation, *row, words.subspan(1));
  if (group.without_command != nullptr) return group.without_command(invocation, std::nullopt);
  return words.empty() ? run_help(invocation, group, {}) : unknown_command(group, words.front());
}

cli::CommandPage describe_row(const Invocation& parent, const CommandRow& row) {
  cli::CommandPage page;
  if (row.run != nullptr) {
    Invocation invocation = parent;
    invocation.page = &page;
    // With a page to fill, parse_command only describes the flags there and ends the command.
    (void)row.run(invocation);
  }
  for (const std::string_view name : split(row.names, ' ')) page.names.emplace_back(name);
  page.summary = row.summary;
  if (row.commands == nullptr) return page;
  for (const CommandRow& below : row.commands()) {
    if (below.shown == cli::Shown::yes) page.commands.push_back(describe_row(parent, below));
  }
  return page;
}

}  // namespace

std::vector<cli::CommandSummary> summaries(std::span<const CommandRow> rows) {
  std::vector<cli::CommandSummary> lines;
  for (const CommandRow& row : rows) {
    if (row.shown == cli::Shown::yes) lines.push_back({row.names, row.summary});
  }
  return lines;
}

cli::CommandPage describe_tool(const Tool& tool, std::string_view name) {
  char* no_variables[] = {nullptr};
  Log log;
  const Call call = {.name = name,
                     .arguments = {},
                     .environment = host::Environment(no_variables),
                     .host_root = {},
                     .log = log};
  ToolFlags flags;
  const Invocation invocation = {.call = call,
                                 .tool = tool,
                                 .flags = flags,
                                 .path = std::string(tool.title),
                                 .summary = tool.summary,
                                 .arguments = {}};
  cli::CommandPage page = {.names = {std::string(name)},
                           .summary = std::string(tool.summary),
                           .options = cli::option_pages(tool.flags, cli::Reach::commands_below)};
  page.options.push_back(
      {.words = {"--help", "-h"}, .help = "show help", .reach = cli::Reach::commands_below});
  page.options.push_back({.words = {"--version", "-v"}, .help = "print the version"});
  for (const CommandRow& row : tool.commands()) {
    if (row.shown == cli::Shown::yes) page.commands.push_back(describe_row(invocation, row));
  }
  return page;
}

Result<> print(std::string_view text) {
  return sys::write_all(STDOUT_FILENO, text).in("standard output");
}

std::string version_lines(std::string_view title) {
  const std::string commit_line = commit().empty() ? "" : cat("commit: ", commit(), "\n");
  return cat(title, " version ", version(), "\n", commit_line);
}

cli::Variables variables_of(const Call& call, EnvironmentOf author) {
  return [environment = call.environment, author](std::string_view name) {
    const auto value = environment.get(name);
    if (author == EnvironmentOf::image && !parse_bool(value.value_or(""))) {
      return std::optional<std::string_view>();
    }
    const bool is_path = name == debug_variable && value.value_or("").starts_with('/');
    return is_path ? std::nullopt : value;
  };
}

void set_level(const Invocation& invocation) {
  const Level chatty = invocation.flags.debug ? Level::debug : Level::info;
  invocation.call.log.set_level(invocation.flags.quiet ? Level::error : chatty);
}

Error incorrect_usage(Error error, const std::string& help) {
  (void)sys::write_all(STDERR_FILENO, cat("Incorrect Usage: ", error.message(), "\n\n", help));
  return error;
}

Result<int> run_tool(const Tool& tool, const Call& call) {
  Log log;
  log.add(LogFormat::text,
          [](std::string_view line) { (void)sys::write_all(STDERR_FILENO, line); });
  const Call logged = {.name = call.name,
                       .arguments = call.arguments,
                       .environment = call.environment,
                       .host_root = call.host_root,
                       .log = log};
  ToolFlags flags;
  const Invocation invocation = {.call = logged,
                                 .tool = tool,
                                 .flags = flags,
                                 .path = std::string(tool.title),
                                 .summary = tool.summary,
                                 .arguments = call.arguments,
                                 .environment = tool.environment};
  return run_group(invocation, {.commands = tool.commands(),
                                .without_command = tool.without_command,
                                .kind = CommandGroup::Kind::program});
}

}  // namespace nvbox::applets
