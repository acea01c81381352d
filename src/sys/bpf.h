// The device controller of cgroup v2: programs that are attached to a cgroup and must all allow an
// access. And, on top of that and of cgroup v1, one function that lets a process use devices.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "sys/cgroup.h"
#include "sys/device_program.h"
#include "sys/fd.h"

namespace nvbox::sys {

// Whether being forbidden to change a cgroup is an error or only worth a notice.
enum class Strictness { lenient, strict };

struct CgroupOutcome {
  bool is_allowed = true;
  std::string notice{};  // when it is not: why, for one line of the log
  // The unit of systemd that has its own idea of the cgroup's devices (sys/unit_devices.h).
  std::optional<std::string> scope{};
};

// Lets the process' cgroup use the devices of allowing rules in addition to what it may already.
// v1: writes devices.allow. v2: puts the rules in front of every program attached to the cgroup
// and, when that lies in a scope of systemd, to the cgroups up to the scope; without a program
// everything is allowed already. Either all programs are replaced or none; there is never a moment
// without one.
//
// Without the right to do so (EPERM, EACCES, a user namespace) the outcome is not allowed when
// lenient and an error when strict. Everything else that fails is an error.
Result<CgroupOutcome> allow_devices(const Process& process, std::span<const DeviceRule> rules,
                                    Strictness strictness);

// The same for a cgroup that is open already.
Result<CgroupOutcome> allow_devices(const OpenCgroup& cgroup, std::span<const DeviceRule> rules,
                                    Strictness strictness);

Result<Fd> load_device_program(std::span<const bpf_insn> instructions);

// The programs that are attached to this cgroup itself.
struct AttachedPrograms {
  std::vector<Fd> programs{};
  std::uint32_t flags = 0;  // BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE or neither: for all of them
};
Result<AttachedPrograms> device_programs(int cgroup);

Result<> attach_device_program(int cgroup, int program, std::uint32_t flags);
Result<> detach_device_program(int cgroup, int program);

// Exchanges an attached program for another one in one step or, before Linux 5.6, by attaching the
// new one before the old one goes. `flags` are those that the old one was attached with.
Result<> replace_device_program(int cgroup, int former, int program, std::uint32_t flags);

// A program by its file in a BPF file system (bpf(2), BPF_OBJ_GET).
Result<Fd> open_pinned_program(const std::string& path);

// Another program for the file, in one step: whoever opens it has the one or the other.
Result<> replace_pinned_program(const std::string& path, int program);

// The instructions of a loaded program, in a form that can be loaded (see reloadable).
Result<Instructions> read_instructions(int program);

}  // namespace nvbox::sys
