// The commands of nvidia-container-cli and what they share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "applet.h"
#include "apply/load_modules.h"
#include "base/result.h"
#include "cli/options.h"
#include "cli/pages.h"
#include "driver/discover.h"
#include "driver/inventory.h"
#include "driver/nvml.h"
#include "host/root.h"
#include "plan/device_list.h"
#include "plan/list_files.h"
#include "plan/request.h"
#include "privileges.h"
#include "runtime/complete_inventory.h"
#include "runtime/mig_rights.h"
#include "sys/capabilities.h"

namespace nvbox::applets::container_cli {

// The options before the command.
struct Globals {
  std::string debug{};
  bool load_kmods = false;
  bool no_pivot = false;
  bool no_create_imex_channels = false;
  std::string nvml_timeout{};
  std::optional<std::string> user{};
  std::optional<std::string> root{};
  std::optional<std::string> ldcache{};
};

// How one of the commands was called.
struct Invocation {
  const Call& call;
  const Globals& globals;
  std::span<const std::string_view> arguments;  // behind the command's name
};

Result<int> run_info(const Invocation& invocation);
Result<int> run_list(const Invocation& invocation);
Result<int> run_configure(const Invocation& invocation);

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

// Whether the missing nodes of MIG instances that the request may be about are made before NVML is
// asked, unless it is refused anyway.
enum class MissingNodes { leave, make };

// The host and the driver's directory.
class Machine {
 public:
  // Gives up every capability but these and what loading modules needs when that is asked for, and
  // then loads the kernel modules and makes their nodes.
  static Result<Machine> open(const Invocation& invocation, apply::CapabilityNodes capabilities,
                              sys::CapSet kept);

  const host::Root& host() const { return host_; }
  driver::Roots roots() const { return {host_, driver_, driver_}; }

  // What was found, completed for the request; what could not be looked at goes to the debug log.
  Result<driver::Inventory> discover(const Invocation& invocation, const driver::Need& need,
                                     const plan::Request& request, MissingNodes nodes) const;

  // Makes missing nodes of rights over MIG and, where modules may be loaded, all that were left
  // then and those of these IMEX channels: for a request that is known to be right but for them.
  Result<> make_asked_nodes(const Invocation& invocation, const runtime::MigRights& rights,
                            std::span<const unsigned> channels, driver::Inventory& inventory) const;

  // driver::ask_nvml.
  Result<> ask_nvml(const Invocation& invocation, const driver::NvmlSettings& settings,
                    std::span<const size_t> gpus, driver::Inventory& inventory) const;

 private:
  Machine(host::Root host, host::Root driver)
      : host_(std::move(host)), driver_(std::move(driver)) {}

  host::Root host_;
  host::Root driver_;
};

// An error for want of permission says which capabilities were not given.
Error name_missing(Error error, sys::CapSet missing);

// How long NVML may take, and whether its answers are kept.
Result<driver::NvmlSettings> nvml_settings(const Invocation& invocation);

// What the rights consist of for the devices of the list; errors carry their class.
Result<std::vector<driver::MigControl>> find_mig_rights(const runtime::MigRights& rights,
                                                        const Machine& machine,
                                                        const driver::Inventory& inventory,
                                                        const plan::DeviceList& list);

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

struct Facts {
  std::string driver_version{};
  std::string cuda_version{};
  std::vector<GpuFacts> gpus{};
};

std::string info_text(const Facts& facts);
std::string info_csv(const Facts& facts);
Result<std::string> info_json(const Facts& facts);

// "0000:3b:00.0" -> "00000000:3b:00.0".
std::string bus_location(std::string_view bus_id);

Result<std::string> list_json(const plan::Listing& listing);

// --format=text|json.
enum class Format { text, csv, json };
Result<Format> format_of(std::string_view word);

}  // namespace nvbox::applets::container_cli
