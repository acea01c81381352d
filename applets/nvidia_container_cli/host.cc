// The machine as the commands of nvidia-container-cli see it.
#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "config/keys.h"
#include "nvidia_container_cli/nvidia_container_cli.h"
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

// From here on a mistake can do no more than the tool has to.
Result<> give_up_rights(const CommandCall& invocation, sys::CapSet kept) {
  NVBOX_TRY(sys::forbid_new_privileges());
  return sys::keep_only(invocation.globals.load_kmods ? kept | privileges::load_kmods.kept : kept);
}

// In seconds.
Result<unsigned> nvml_timeout_of(const CommandCall& invocation) {
  const std::string& text = invocation.globals.nvml_timeout;
  const unsigned usual = nvml::AskSettings().timeout_s;
  const auto seconds = text.empty() ? usual : parse_number<unsigned>(text);
  if (seconds && *seconds >= 1 && *seconds <= config::most_seconds) return *seconds;
  return Error(cat("input error: --nvml-timeout=", printable(text), ": not a number of seconds"))
      .hint(cat("it may be 1 to ", config::most_seconds));
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

Result<machine::Place> open_place(const CommandCall& invocation,
                                  machine::CapabilityNodes capabilities, sys::CapSet kept) {
  NVBOX_TRY(give_up_rights(invocation, kept).in("permission error"));
  const unsigned nvml_timeout = NVBOX_TRY(nvml_timeout_of(invocation));
  const machine::Rights rights = {.looks = privileges::looks_around, .makes = machine::makes_nodes};
  const sys::Raised looking =
      NVBOX_TRY(sys::Raised::raise_given(rights.looks).in("permission error"));
  machine::Place place = NVBOX_TRY(
      machine::Place::open({.host = invocation.call.host_root,
                            .driver = invocation.globals.root ? *invocation.globals.root : "",
                            .driver_setting = "initialization error: change root failed"},
                           invocation.call.environment, nvml_timeout));
  NVBOX_TRY(check_user(place.host(), invocation.globals.user.value_or("")));
  place.search.ld_cache = invocation.globals.ldcache.value_or("");
  place.search.csv = invocation.globals.csv;
  place.rights = rights;
  if (invocation.globals.load_kmods) {
    const sys::Raised loading =
        NVBOX_TRY(sys::Raised::raise_given(machine::loads_modules).in("permission error"));
    machine::load_modules(place.roots(), capabilities, invocation.call.log);
  }
  return place;
}

Result<driver::Inventory> look_around(const CommandCall& invocation, const machine::Place& place,
                                      const plan::Request& request, const driver::Need& need,
                                      machine::MissingNodes nodes) {
  const Log& log = invocation.call.log;
  driver::Inventory inventory =
      NVBOX_TRY(machine::discover(place, need).in("initialization error"));
  NVBOX_TRY(machine::prepare(place, request, nodes, inventory, log));
  log.info(cat("driver ", inventory.driver.version, ", ", inventory.gpus.size(), " GPUs, ",
               inventory.libraries.size(), " libraries"));
  for (const driver::Problem& problem : inventory.problems) log.warning(problem.text);
  return inventory;
}

void tell_notes(const CommandCall& invocation, const plan::Selection& selection) {
  for (const driver::Problem& note : selection.notes) {
    warn(invocation.call, cat("warning: ", note.text));
  }
}

Result<InfoFormat> format_of(std::string_view word) {
  if (word.empty() || word == "text") return InfoFormat::text;
  if (word == "csv") return InfoFormat::csv;
  if (word == "json") return InfoFormat::json;
  return Error(cat("input error: --format=", word, ": not a format"))
      .hint("known are text, csv (of info) and json");
}

}  // namespace nvbox::applets::container_cli
