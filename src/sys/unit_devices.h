// Devices in systemd's own list of a unit. What a hook changes about the programs of a container's
// cgroup lasts until systemd makes its own anew, at `systemctl daemon-reload` or when somebody sets
// a limit (`docker update`): it attaches those that the unit's properties tell of, which an engine
// has set. So the properties have to know the devices as well
// (systemd.resource-control(5), DeviceAllow=, DevicePolicy=, BPFProgram=;
// org.freedesktop.systemd1(5)).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "sys/cgroup.h"
#include "sys/device_program.h"

namespace nvbox::sys {

// Where systemd's manager listens for root, also on a host without a message bus.
inline constexpr std::string_view system_manager = "/run/systemd/private";

// The scope of systemd's system manager that the cgroup lies in: what an engine has made for a
// container. nullopt in no scope, and in one of a user's own manager.
std::optional<std::string> scope_of(const Cgroup& cgroup);

// What DeviceAllow= takes for a rule: "/dev/char/195:0" and "rw". systemd needs no such node.
// nullopt for rules that have no number, and for those that deny.
std::optional<std::pair<std::string, std::string>> device_allow_of(const DeviceRule& rule);

// Makes the unit's properties have the rules, as long as the unit lives, in the way in which its
// engine has told systemd of devices:
//  - a list that allows some devices gets them (runc);
//  - a program that systemd attaches from a file below /sys/fs/bpf is replaced there by one that
//    allows them too (crun);
//  - a unit that may use every device stays as it is.
// Nothing when there is no systemd. Its answers together may take a second.
Result<> keep_devices(const std::string& unit, std::span<const DeviceRule> rules,
                      std::string_view manager = system_manager);

}  // namespace nvbox::sys
