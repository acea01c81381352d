// Device rules as programs for the kernel's cgroup device controller (BPF_PROG_TYPE_CGROUP_DEVICE).
// Pure: instructions in, instructions out; sys/bpf.h gives them to the kernel.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace nvbox::sys {

enum class DeviceType { any, character, block };

// A set of the three things that can be done with a device; the values are the kernel's.
enum class DeviceAccess : unsigned {
  none = 0,
  mknod = BPF_DEVCG_ACC_MKNOD,
  read = BPF_DEVCG_ACC_READ,
  write = BPF_DEVCG_ACC_WRITE,
  read_write = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
  all = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
};

enum class Verdict { deny, allow };

// An allowing rule matches when everything that is attempted is in `access`, a denying one when
// anything is.
struct DeviceRule {
  DeviceType type = DeviceType::character;
  std::optional<std::uint32_t> major{};  // nullopt: every one
  std::optional<std::uint32_t> minor{};
  DeviceAccess access = DeviceAccess::read_write;
  Verdict verdict = Verdict::allow;

  bool operator==(const DeviceRule&) const = default;
};

// "c 195:0 rw", as in devices.allow and devices.list of cgroup v1.
std::string to_string(const DeviceRule& rule);

using Instructions = std::vector<bpf_insn>;

// A whole program: the last rule that matches decides, as in an OCI specification; `otherwise` when
// none does.
Instructions device_program(std::span<const DeviceRule> rules, Verdict otherwise);

// A program that decides by the rules and, where none matches, does what `original` does. Several
// attached programs must all allow an access, so a second one cannot add a device: the rules have
// to come before the instructions of the first. Returns `original` when it begins with these rules.
Instructions with_rules_first(std::span<const DeviceRule> rules, const Instructions& original);

// Turns what the kernel shows of a loaded program into what it accepts for loading. The context of
// device programs is a plain struct, so the verifier rewrites no access to it, and programs that
// only compare numbers (runc's, crun's, systemd's, ours) come back as they are but for dead code,
// explicit zero extensions, speculation barriers and blinded constants, which this undoes. Programs
// that use maps or call functions cannot be had back; the error says so.
Result<Instructions> reloadable(Instructions shown);

}  // namespace nvbox::sys
