#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>
#include <cstring>

#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/cgroup.h"
#include "sys/file.h"
#include "sys/unit_devices.h"

namespace nvbox::sys {
namespace {

Result<> write_devices_allow(int cgroup, std::span<const DeviceRule> rules) {
  const Fd file(openat(cgroup, "devices.allow", O_WRONLY | O_CLOEXEC));
  if (!file) return Error("open devices.allow", errno);
  for (const DeviceRule& rule : rules) {
    // The kernel takes one entry with each write.
    const std::string entry = to_string(rule);
    NVBOX_TRY(write_all(file.get(), entry).in(cat("devices.allow: ", entry)));
  }
  return {};
}

// How many directories the scope is above the cgroup; 0 when it is not in a scope. A scope is
// systemd's unit for what a container engine runs, and crun puts a cgroup of its own into it: both
// have programs then. Beyond the scope is what the administrator said of all of a slice.
size_t levels_to_scope(const std::string& path) {
  const std::vector<std::string_view> names = path::components(path);
  for (size_t levels = 0; levels < names.size(); ++levels) {
    if (names[names.size() - 1 - levels].ends_with(".scope")) return levels;
  }
  return 0;
}

// The directory above, if it is still in the cgroup file system.
std::optional<Fd> above(int directory) {
  struct stat here {};
  struct stat there {};
  Fd parent(openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || fstat(directory, &here) != 0 || fstat(parent.get(), &there) != 0 ||
      here.st_dev != there.st_dev) {
    return std::nullopt;
  }
  return parent;
}

// The directories above the cgroup, up to that of its scope.
std::vector<Fd> up_to_scope(const OpenCgroup& cgroup) {
  std::vector<Fd> out;
  const size_t levels = levels_to_scope(cgroup.cgroup.path);
  int directory = cgroup.directory.get();
  while (out.size() < levels) {
    std::optional<Fd> parent = above(directory);
    if (!parent) break;
    directory = parent->get();
    out.push_back(*std::move(parent));
  }
  return out;
}

struct Replacement {
  int cgroup;
  std::uint32_t flags;
  Fd former;
  Fd program;
};

bool is_equal(const Instructions& one, const Instructions& other) {
  return one.size() == other.size() &&
         std::memcmp(one.data(), other.data(), one.size() * sizeof(bpf_insn)) == 0;
}

// Loads a program with the rules for each that is attached and lacks them; attaches nothing.
Result<> prepare(int cgroup, std::span<const DeviceRule> rules, std::vector<Replacement>& out) {
  AttachedPrograms attached = NVBOX_TRY(device_programs(cgroup));
  for (Fd& former : attached.programs) {
    const Instructions original = NVBOX_TRY(read_instructions(former.get()));
    const Instructions widened = with_rules_first(rules, original);
    if (is_equal(original, widened)) continue;
    Fd program = NVBOX_TRY(load_device_program(widened));
    out.push_back({cgroup, attached.flags, std::move(former), std::move(program)});
  }
  return {};
}

Result<> replace_all(const std::vector<Replacement>& replacements) {
  for (size_t at = 0; at < replacements.size(); ++at) {
    const Replacement& one = replacements[at];
    Result<> done =
        replace_device_program(one.cgroup, one.former.get(), one.program.get(), one.flags);
    if (done) continue;
    for (; at > 0; --at) {
      const Replacement& undo = replacements[at - 1];
      (void)replace_device_program(undo.cgroup, undo.program.get(), undo.former.get(), undo.flags);
    }
    return done;
  }
  return {};
}

Result<> widen_programs(const OpenCgroup& cgroup, std::span<const DeviceRule> rules) {
  const std::vector<Fd> parents = up_to_scope(cgroup);
  std::vector<Replacement> replacements;
  NVBOX_TRY(prepare(cgroup.directory.get(), rules, replacements));
  for (const Fd& directory : parents) {
    NVBOX_TRY(prepare(directory.get(), rules, replacements));
  }
  return replace_all(replacements);
}

Result<> change(const OpenCgroup& cgroup, std::span<const DeviceRule> rules) {
  const std::string name = cat("device cgroup ", cgroup.cgroup.path);
  switch (cgroup.cgroup.version) {
    case CgroupVersion::v1:
      return write_devices_allow(cgroup.directory.get(), rules).in(name);
    case CgroupVersion::v2:
      return widen_programs(cgroup, rules).in(name);
  }
  return {};
}

// EROFS: a container whose cgroups are mounted read-only. ENOSYS: what the seccomp filters of some
// engines say of bpf(2).
bool is_forbidden(const Error& error) {
  const int code = error.code();
  return code == EPERM || code == EACCES || code == EROFS || code == ENOSYS ||
         is_in_user_namespace();
}

Result<CgroupOutcome> outcome_of(Error error, Strictness strictness) {
  if (strictness == Strictness::lenient && is_forbidden(error)) {
    return CgroupOutcome{.is_allowed = false,
                         .notice = cat("device rules are left as they are: ", error.message())};
  }
  return std::move(error).hint(
      "leave device rules alone with --no-cgroups, or let the runtime add the devices");
}

}  // namespace

Result<CgroupOutcome> allow_devices(const OpenCgroup& cgroup, std::span<const DeviceRule> rules,
                                    Strictness strictness) {
  Result<> changed = change(cgroup, rules);
  if (!changed) return outcome_of(std::move(changed).error(), strictness);
  return CgroupOutcome{.scope = scope_of(cgroup.cgroup)};
}

Result<CgroupOutcome> allow_devices(const Process& process, std::span<const DeviceRule> rules,
                                    Strictness strictness) {
  if (rules.empty()) return CgroupOutcome{};
  Result<OpenCgroup> cgroup = open_device_cgroup(process);
  if (!cgroup) return outcome_of(std::move(cgroup).error(), strictness);
  return allow_devices(*cgroup, rules, strictness);
}

}  // namespace nvbox::sys
