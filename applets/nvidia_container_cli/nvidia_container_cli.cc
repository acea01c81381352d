// nvidia-container-cli: the tool under the container stacks that have no OCI hooks (LXC, Incus,
// Apptainer), and the one that health checks ask for GPUs.
#include "nvidia_container_cli/nvidia_container_cli.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "base/version.h"
#include "manuals.h"
#include "sys/file.h"
#include "sys/log_sinks.h"

namespace nvbox::applets {
namespace container_cli {
namespace {

using cli::Takes;

constexpr cli::Option<Globals> global_options[] = {
    {{"debug", 'd', Takes::value, "FILE", "log debug information to FILE"}, &Globals::debug},
    {{"load-kmods", 'k', Takes::nothing, {}, "load the kernel modules and make their nodes"},
     &Globals::load_kmods},
    {{"no-pivot", 'n', Takes::nothing, {}, "accepted for compatibility; nothing needs a pivot"},
     &Globals::no_pivot},
    {{"user", 'u', Takes::optional_value, "UID[:GID]",
      "accepted for compatibility; nothing runs under another identity"},
     &Globals::user},
    {{"root", 'r', Takes::value, "PATH", "directory that the driver is installed in"},
     &Globals::root},
    {{"ldcache", 'l', Takes::value, "FILE", "the loader's cache below that directory"},
     &Globals::ldcache},
    {{"nvml-timeout", 0, Takes::value, "SECONDS", "how long NVML may take about a GPU; default 10"},
     &Globals::nvml_timeout},
    {{"no-create-imex-channels", 0, Takes::nothing, {}, "do not make nodes of IMEX channels"},
     &Globals::no_create_imex_channels},
};

constexpr cli::Command program = {
    .name = "nvidia-container-cli",
    .operands = "COMMAND [ARG...]",
    .summary =
        "Tells what NVIDIA GPUs and driver files this host has, and gives them to containers.\n\n"
        "Commands:\n"
        "  info        print the driver's version and the GPUs\n"
        "  list        print the driver files and device nodes that containers get\n"
        "  configure   give a container GPUs",
    .takes_operands = cli::Operands::end_options};

struct NamedCommand {
  std::string_view name;
  Result<int> (*run)(const CommandCall&);
};

constexpr NamedCommand commands[] = {
    {"info", run_info}, {"list", run_list}, {"configure", run_configure}};

void complain(std::string_view text) {
  (void)sys::write_all(STDERR_FILENO, text);
}

int no_such_command(std::string_view name, std::span<const cli::Row> rows) {
  std::string text;
  if (!name.empty()) {
    std::vector<std::string_view> names;
    for (const NamedCommand& command : commands) names.push_back(command.name);
    const auto near = did_you_mean(name, names);
    text = cat(program.name, ": unknown command ", quote(name),
               near ? cat("; did you mean ", *near, "?") : "", "\n");
  }
  complain(text + cli::usage_text(program, rows) + cli::advice(program));
  return 1;
}

// A debug log that cannot be written is a warning: containers start without one.
void open_debug_log(const Globals& globals, const Call& call) {
  std::string path = globals.debug.empty()
                         ? std::string(call.environment.get("NVC_DEBUG_FILE").value_or(""))
                         : globals.debug;
  if (path.empty()) return;
  call.log.add(LogFormat::text, Level::debug,
               sys::log_file(std::move(path), [name = call.name](const Error& error) {
                 complain(cat(name, ": warning: ", error.message(), "\n"));
               }));
}

// NVIDIA's toolkit calls both of these what they are below its library.
Result<> check_globals(const Globals& globals) {
  const bool is_root_wrong = globals.root && !globals.root->starts_with('/');
  if (is_root_wrong || (globals.ldcache && globals.ldcache->empty())) {
    return Error("initialization error: invalid argument")
        .hint(is_root_wrong ? "--root must be an absolute path" : "--ldcache must name a file");
  }
  return {};
}

}  // namespace

Result<> begin(const Globals& globals, const Call& call) {
  NVBOX_TRY(check_globals(globals));
  open_debug_log(globals, call);
  return {};
}

Result<> print(std::string_view text) {
  return sys::write_all(STDOUT_FILENO, text).in("standard output");
}

void warn(const Call& call, std::string_view message) {
  complain(cat(call.name, ": ", message, "\n"));
}

std::string version_text() {
#if defined(__clang__)
  constexpr std::string_view compiler = __VERSION__;
#else
  constexpr std::string_view compiler = "gcc " __VERSION__;
#endif
#if defined(__aarch64__)
  constexpr std::string_view platform = "aarch64";
#else
  constexpr std::string_view platform = "x86_64";
#endif
  const auto or_unknown = [](std::string_view text) { return text.empty() ? "unknown" : text; };
  return cat("cli-version: ", version(), "\nlib-version: ", version(),
             "\nbuild date: ", or_unknown(commit_date()),
             "\nbuild revision: ", or_unknown(commit()), "\nbuild compiler: ", compiler,
             "\nbuild platform: ", platform, "\nbuild flags: ", NVBOX_BUILD_FLAGS, "\n");
}

Result<std::optional<int>> answer(const cli::Command& command, std::span<const cli::Row> rows,
                                  const Result<cli::Scanned>& scanned) {
  if (!scanned) {
    complain(cat(command.name, ": ", scanned.error().full_message(), "\n", cli::advice(command)));
    return 1;
  }
  switch (scanned->asks) {
    case cli::Scanned::Asks::nothing:
      return std::nullopt;
    case cli::Scanned::Asks::help:
      NVBOX_TRY(print(cli::help_text(command, rows)));
      return 0;
    case cli::Scanned::Asks::usage:
      NVBOX_TRY(print(cli::usage_text(command, rows)));
      return 0;
    case cli::Scanned::Asks::version:
      NVBOX_TRY(print(version_text()));
      return 0;
  }
  return std::nullopt;
}

}  // namespace container_cli

cli::CommandPage describe_nvidia_container_cli() {
  using namespace container_cli;  // NOLINT(google-build-using-namespace): this file's own
  cli::CommandPage page = cli::command_page(
      program, cli::rows_of(std::span<const cli::Option<Globals>>(global_options)));
  std::ranges::move(cli::common_option_pages(), std::back_inserter(page.options));
  page.commands = {describe_info(), describe_list(), describe_configure()};
  return page;
}

Result<int> run_nvidia_container_cli(const Call& call) {
  using namespace container_cli;  // NOLINT(google-build-using-namespace): this file's own
  const auto line = NVBOX_TRY(
      parse(program, std::span<const cli::Option<Globals>>(global_options), call.arguments));
  if (line.exit_status) return *line.exit_status;
  const std::string_view name = line.operands.empty() ? "" : line.operands.front();
  const auto* const command = std::ranges::find(commands, name, &NamedCommand::name);
  if (command == std::end(commands)) {
    return no_such_command(name,
                           cli::rows_of(std::span<const cli::Option<Globals>>(global_options)));
  }
  NVBOX_TRY(begin(line.settings, call));
  const std::vector<std::string_view> rest(line.operands.begin() + 1, line.operands.end());
  return command->run({.call = call, .globals = line.settings, .arguments = rest});
}

}  // namespace nvbox::applets
