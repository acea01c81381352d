#include "sys/unit_devices.h"

#include <cerrno>

#include <chrono>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/dbus.h"
#include "sys/fd.h"

namespace nvbox::sys {
namespace {

// A container does not wait any longer for a manager that is busy or gone wrong.
constexpr std::chrono::seconds patience(1);
constexpr std::string_view manager_name = "org.freedesktop.systemd1";
constexpr std::string_view scope_interface = "org.freedesktop.systemd1.Scope";

// A property of the unit, as a variant.
Result<std::string> get(dbus::Connection& manager, const std::string& unit,
                        std::string_view property) {
  dbus::Writer body;
  body.string(scope_interface);
  body.string(property);
  const std::string path = cat("/org/freedesktop/systemd1/unit/", dbus::path_element(unit));
  return manager
      .call({.destination = manager_name,
             .path = path,
             .interface = "org.freedesktop.DBus.Properties",
             .member = "Get",
             .signature = "ss",
             .body = body.bytes()})
      .in(property);
}

// An empty list under the policy "auto" is no list: every device is allowed.
Result<bool> has_list(dbus::Connection& manager, const std::string& unit) {
  const std::string policy = NVBOX_TRY(get(manager, unit, "DevicePolicy"));
  if (NVBOX_TRY(dbus::string_in_variant(policy)) != "auto") return true;
  const std::string list = NVBOX_TRY(get(manager, unit, "DeviceAllow"));
  return !NVBOX_TRY(dbus::pairs_in_variant(list)).empty();
}

// systemd puts the entries behind those that there are. A runtime property (true) is written below
// /run and gone with the unit.
Result<> add_to_list(dbus::Connection& manager, const std::string& unit,
                     std::span<const DeviceRule> rules) {
  dbus::Writer entries;
  for (const DeviceRule& rule : rules) {
    const auto entry = device_allow_of(rule);
    if (!entry) continue;
    entries.align(8);
    entries.string(entry->first);
    entries.string(entry->second);
  }
  // An empty list would not add nothing but take everything away.
  if (entries.bytes().empty()) return {};
  dbus::Writer property;
  property.string("DeviceAllow");
  property.signature("a(ss)");
  property.structures(entries);
  dbus::Writer body;
  body.string(unit);
  body.boolean(true);
  body.structures(property);
  (void)NVBOX_TRY(manager.call({.destination = manager_name,
                                .path = "/org/freedesktop/systemd1",
                                .interface = "org.freedesktop.systemd1.Manager",
                                .member = "SetUnitProperties",
                                .signature = "sba(sv)",
                                .body = body.bytes()}));
  return {};
}

// Those that systemd attaches to the unit's cgroup from files ("device:/sys/fs/bpf/crun/...").
Result<std::vector<std::string>> pinned_programs(dbus::Connection& manager,
                                                 const std::string& unit) {
  Result<std::string> answer = get(manager, unit, "BPFProgram");
  // systemd before 249 refuses: it has no such property.
  if (!answer && answer.error().code() == 0) return std::vector<std::string>();
  if (!answer) return std::move(answer).error();
  std::vector<std::string> paths;
  for (auto& [type, path] : NVBOX_TRY(dbus::pairs_in_variant(*answer))) {
    if (type == "device") paths.push_back(std::move(path));
  }
  return paths;
}

Result<> widen_pinned(const std::string& path, std::span<const DeviceRule> rules) {
  const Fd pinned = NVBOX_TRY(open_pinned_program(path));
  const Instructions original = NVBOX_TRY(read_instructions(pinned.get()));
  const Fd program = NVBOX_TRY(load_device_program(with_rules_first(rules, original)));
  return replace_pinned_program(path, program.get());
}

}  // namespace

std::optional<std::string> scope_of(const Cgroup& cgroup) {
  const std::vector<std::string_view> names = path::components(cgroup.path);
  std::optional<std::string> scope;
  for (const std::string_view name : names) {
    if (name.starts_with("user@") && name.ends_with(".service")) return std::nullopt;
    if (name.ends_with(".scope")) scope = name;
  }
  return scope;
}

std::optional<std::pair<std::string, std::string>> device_allow_of(const DeviceRule& rule) {
  if (rule.verdict != Verdict::allow || !rule.major || !rule.minor) return std::nullopt;
  if (rule.type == DeviceType::any) return std::nullopt;
  const std::string_view kind = rule.type == DeviceType::block ? "block" : "char";
  const std::string text = to_string(rule);
  return std::pair(cat("/dev/", kind, "/", *rule.major, ":", *rule.minor),
                   text.substr(text.rfind(' ') + 1));
}

Result<> keep_devices(const std::string& unit, std::span<const DeviceRule> rules,
                      std::string_view manager_socket) {
  Result<dbus::Connection> manager = dbus::Connection::open(manager_socket, patience);
  if (!manager) {
    const int code = manager.error().code();
    // A host without systemd, or a container that engines run in.
    if (code == ENOENT || code == ECONNREFUSED) return {};
    return std::move(manager).error();
  }
  for (const std::string& path : NVBOX_TRY(pinned_programs(*manager, unit))) {
    NVBOX_TRY(widen_pinned(path, rules).in(path));
  }
  if (!NVBOX_TRY(has_list(*manager, unit))) return {};
  return add_to_list(*manager, unit, rules);
}

}  // namespace nvbox::sys
