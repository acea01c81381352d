// The commands of nvidia-container-cli and what they share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "applet.h"
#include "base/result.h"
#include "cli/options.h"
#include "cli/pages.h"
#include "driver/inventory.h"
#include "host/root.h"
#include "machine/modules.h"
#include "machine/survey.h"
#include "plan/list_files.h"
#include "plan/request.h"
#include "plan/select.h"
#include "privileges.h"
#include "runtime/configure_call.h"
#include "sys/capabilities.h"

namespace nvbox::applets::container_cli {

using Globals = runtime::CliGlobals;

// How one of the commands was called.
struct CommandCall {
  const Call& call;
  const Globals& globals;
  std::span<const std::string_view> arguments;  // behind the command's name
};

Result<int> run_info(const CommandCall& invocation);
Result<int> run_list(const CommandCall& invocation);
Result<int> run_configure(const CommandCall& invocation);

// What each call begins with: the options before the command are checked, and the debug log opened.
Result<> begin(const Globals& globals, const Call& call);

// configure as values, behind `begin`.
Result<int> configure(const CommandCall& invocation, const runtime::ConfigureOptions& options,
                      const std::string& rootfs);

// What their tables say.
cli::CommandPage describe_info();
cli::CommandPage describe_list();
cli::CommandPage describe_configure();

// Writes to standard output.
Result<> print(std::string_view text);

// One line on standard error, as every message of the program begins: "nvidia-container-cli: ...".
void warn(const Call& call, std::string_view message);

std::string version_text();

// The settings and operands of a command line, or the exit status when it was a request for help or
// a mistake, which has then been answered.
template <typename Settings>
struct Parsed {
  std::optional<int> exit_status{};
  Settings settings{};
  std::vector<std::string> operands{};
};

// Answers --help, --usage, --version and mistakes; nullopt when there was nothing to answer.
Result<std::optional<int>> answer(const cli::Command& command, std::span<const cli::Row> rows,
                                  const Result<cli::Scanned>& scanned);

template <typename Settings>
Result<Parsed<Settings>> parse(const cli::Command& command,
                               std::span<const cli::Option<Settings>> options,
                               std::span<const std::string_view> arguments) {
  const std::vector<cli::Row> rows = cli::rows_of(options);
  Result<cli::Scanned> scanned = cli::scan(rows, command.takes_operands, arguments);
  Parsed<Settings> out = {.exit_status = NVBOX_TRY(answer(command, rows, scanned))};
  if (out.exit_status) return out;
  cli::store(options, *scanned, out.settings);
  out.operands = std::move(scanned->operands);
  return out;
}

// --user's UID[:GID], each a number or a name of /etc/passwd or /etc/group; checked, and then not
// needed, because nothing is done under another identity.
Result<> check_user(const host::Root& host, std::string_view user);

// The host and the driver's directory, as the options say. Gives up every capability but these and
// what loading modules needs when that is asked for, and then loads the kernel modules and makes
// their nodes.
Result<machine::Place> open_place(const CommandCall& invocation,
                                  machine::CapabilityNodes capabilities, sys::CapSet kept);

// An error for want of permission says which capabilities were not given.
Error name_missing(Error error, sys::CapSet missing);

// What there is of `need`, with what of it only NVML knows about the request. What was found, and
// what could not be looked at, goes to the debug log.
Result<driver::Inventory> look_around(const CommandCall& invocation, const machine::Place& place,
                                      const plan::Request& request, const driver::Need& need,
                                      machine::MissingNodes nodes);

// Warns on standard error of what the selection leaves out.
void tell_notes(const CommandCall& invocation, const plan::Selection& selection);

// What info prints about one GPU. Empty is unknown.
struct GpuFacts {
  unsigned index = 0;
  unsigned minor = 0;
  std::string model{};
  std::string brand{};
  std::string uuid{};
  std::string bus_location{};  // "00000000:3b:00.0"
  std::string architecture{};
};

struct HostFacts {
  std::string driver_version{};
  std::string cuda_version{};
  std::vector<GpuFacts> gpus{};
};

std::string info_text(const HostFacts& facts);
std::string info_csv(const HostFacts& facts);
Result<std::string> info_json(const HostFacts& facts);

Result<std::string> list_json(const plan::Listing& listing);

// --format=text|json.
enum class InfoFormat { text, csv, json };
Result<InfoFormat> format_of(std::string_view word);

}  // namespace nvbox::applets::container_cli
