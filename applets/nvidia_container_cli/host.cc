// The machine as the commands of nvidia-container-cli see it.
#include <algorithm>
#include <cerrno>

#include "apply/make_capability_nodes.h"
#include "apply/phases.h"
#include "base/text.h"
#include "config/keys.h"
#include "nvidia_container_cli/nvidia_container_cli.h"
#include "plan/nvml_question.h"
#include "runtime/missing_nodes.h"
#include "runtime/requirements.h"
#include "sys/capabilities.h"

namespace nvbox::applets::container_cli {
namespace {

// Whether a colon-separated file of accounts has a line of this name.
Result<bool> has_account(const host::Root& host, std::string_view file, std::string_view name) {
  const auto text = NVBOX_TRY(host.read(file));
  const std::vector<std::string_view> lines = split(text ? std::string_view(*text) : "", '\n');
  return std::ranges::any_of(lines, [&](std::string_view line) {
    return line.starts_with(name) && line.substr(name.size()).starts_with(':');
  });
}

Result<> check_account(const host::Root& host, std::string_view file, std::string_view name) {
  if (name.empty() || parse_number<unsigned>(name)) return {};
  const bool is_known = NVBOX_TRY(has_account(host, file, name));
  if (is_known) return {};
  return Error("input error: parse user/group failed: no such file or directory")
      .hint(cat(file, " has no ", quote(name)));
}

using privileges::looks_around;

driver::Search search_of(const Invocation& invocation) {
  driver::Search search = driver::search_from(invocation.call.environment);
  search.ld_cache = invocation.globals.ldcache.value_or("");
  return search;
}

// From here on a mistake can do no more than the tool has to.
Result<> give_up_rights(const Invocation& invocation, sys::CapSet kept) {
  NVBOX_TRY(sys::forbid_new_privileges());
  return sys::keep_only(invocation.globals.load_kmods ? kept | privileges::load_kmods.kept : kept);
}

// What stands against the request whatever NVML and missing nodes would tell.
Result<> check_list(const driver::Roots& roots, const plan::Request& request,
                    const driver::Inventory& inventory) {
  const plan::Request told = plan::without_names_for_nvml(inventory, request);
  const driver::Inventory complete = runtime::with_every_node(roots, {}, inventory);
  const plan::DeviceList list =
      NVBOX_TRY(plan::select_devices(complete, join(told.devices, ",")).in("device error"));
  return runtime::check_conditions(request, inventory, list.selection, runtime::Nvml::unasked);
}

}  // namespace

Result<> check_user(const host::Root& host, std::string_view user) {
  const size_t colon = std::min(user.find(':'), user.size());
  NVBOX_TRY(check_account(host, "/etc/passwd", user.substr(0, colon)));
  return check_account(host, "/etc/group", user.substr(std::min(colon + 1, user.size())));
}

Error name_missing(Error error, sys::CapSet missing) {
  const bool is_denied = error.code() == EPERM || error.code() == EACCES;
  if (!is_denied || missing.is_empty()) return error;
  return std::move(error).hint(cat("this process was not given ", sys::to_string(missing)));
}

Result<Machine> Machine::open(const Invocation& invocation, apply::CapabilityNodes capabilities,
                              sys::CapSet kept) {
  NVBOX_TRY(give_up_rights(invocation, kept).in("permission error"));
  const sys::Raised looking =
      NVBOX_TRY(sys::Raised::raise_given(looks_around).in("permission error"));
  host::Root host = NVBOX_TRY(host::Root::open("/").in("initialization error"));
  NVBOX_TRY(check_user(host, invocation.globals.user.value_or("")));
  host::Root driver = NVBOX_TRY(host::Root::open(invocation.globals.root.value_or("/"))
                                    .in("initialization error: change root failed"));
  Machine machine(std::move(host), std::move(driver));
  if (invocation.globals.load_kmods) {
    const sys::Raised loading =
        NVBOX_TRY(sys::Raised::raise_given(apply::loads_modules).in("permission error"));
    apply::load_modules(machine.roots(), capabilities, invocation.call.log);
  }
  return machine;
}

Result<driver::NvmlSettings> nvml_settings(const Invocation& invocation) {
  const std::string& text = invocation.globals.nvml_timeout;
  const unsigned usual = driver::NvmlSettings().timeout_s;
  const auto seconds = text.empty() ? usual : parse_number<unsigned>(text);
  if (seconds && *seconds >= 1 && *seconds <= config::most_seconds) {
    return driver::nvml_settings(invocation.call.environment, *seconds);
  }
  return Error(cat("input error: --nvml-timeout=", printable(text), ": not a number of seconds"))
      .hint(cat("it may be 1 to ", config::most_seconds));
}

Result<driver::Inventory> Machine::discover(const Invocation& invocation, const driver::Need& need,
                                            const plan::Request& request,
                                            MissingNodes nodes) const {
  const driver::NvmlSettings settings = NVBOX_TRY(nvml_settings(invocation));
  const Log& log = invocation.call.log;
  const driver::Search search = search_of(invocation);
  const sys::Raised looking =
      NVBOX_TRY(sys::Raised::raise_given(looks_around).in("permission error"));
  driver::Inventory inventory =
      NVBOX_TRY(driver::discover(roots(), search, need).in("initialization error"));
  if (nodes == MissingNodes::make && runtime::lacks_instance_nodes(inventory, request)) {
    NVBOX_TRY(check_list(roots(), request, inventory));
    const sys::Raised making =
        NVBOX_TRY(sys::Raised::raise_given(apply::makes_nodes).in("permission error"));
    runtime::make_instance_nodes(roots(), search, inventory, log);
  }
  runtime::ask_nvml(roots(), search, request, settings, inventory, log);
  log.info(cat("driver ", inventory.driver.version, ", ", inventory.gpus.size(), " GPUs, ",
               inventory.libraries.size(), " libraries"));
  for (const std::string& problem : inventory.problems) log.warning(problem);
  return inventory;
}

Result<> Machine::make_asked_nodes(const Invocation& invocation, const runtime::MigRights& rights,
                                   std::span<const unsigned> channels,
                                   driver::Inventory& inventory) const {
  const Globals& globals = invocation.globals;
  const Log& log = invocation.call.log;
  const sys::Raised making =
      NVBOX_TRY(sys::Raised::raise_given(apply::makes_nodes | looks_around).in("permission error"));
  if (rights.are_given() || globals.load_kmods) apply::make_capability_nodes(roots(), log);
  if (!globals.load_kmods || globals.no_create_imex_channels) return {};
  runtime::make_imex_channels(roots(), search_of(invocation), channels, inventory, log);
  return {};
}

Result<> Machine::ask_nvml(const Invocation& invocation, const driver::NvmlSettings& settings,
                           std::span<const size_t> gpus, driver::Inventory& inventory) const {
  const sys::Raised looking =
      NVBOX_TRY(sys::Raised::raise_given(looks_around).in("permission error"));
  driver::ask_nvml(roots(), search_of(invocation), settings, gpus, inventory);
  return {};
}

Result<std::vector<driver::MigControl>> find_mig_rights(const runtime::MigRights& rights,
                                                        const Machine& machine,
                                                        const driver::Inventory& inventory,
                                                        const plan::DeviceList& list) {
  return runtime::find_mig_rights(rights, machine.roots(), inventory, list.selection,
                                  list.is_all ? plan::Ask::all : plan::Ask::listed);
}

Result<Format> format_of(std::string_view word) {
  if (word.empty() || word == "text") return Format::text;
  if (word == "csv") return Format::csv;
  if (word == "json") return Format::json;
  return Error(cat("input error: --format=", word, ": not a format"))
      .hint("known are text, csv (of info) and json");
}

}  // namespace nvbox::applets::container_cli
