#include "sys/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>

#include <cstdint>
#include <utility>

namespace nvbox::sys {
namespace {

// Those that Debian 12's <linux/landlock.h> lacks.
constexpr std::uint64_t truncate_right = std::uint64_t{1} << 14;
constexpr std::uint64_t device_control_right = std::uint64_t{1} << 15;

// What a place gives, a file as well as a directory.
constexpr std::uint64_t rights_over_files =
    LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_right | device_control_right;

constexpr std::uint64_t rights_over_directories =
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

// A kernel refuses a rule set with rights that it does not know.
std::uint64_t rights_of_version(long version) {
  constexpr long with_truncate = 3;
  constexpr long with_device_control = 5;
  std::uint64_t rights = rights_over_files | rights_over_directories;
  if (version < with_truncate) rights &= ~truncate_right;
  if (version < with_device_control) rights &= ~device_control_right;
  return rights;
}

Result<> add_place(const Fd& rules, const std::string& place, std::uint64_t handled) {
  const Fd found(open(place.c_str(), O_PATH | O_CLOEXEC));
  if (!found && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!found) return Error("open " + place, errno);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights_over_files & handled;
  rule.parent_fd = found.get();
  if (syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return Error("allow to write to " + place, errno);
  }
  return {};
}

}  // namespace

Result<std::optional<Fd>> write_only_below(std::span<const std::string> places) {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  // ENOSYS before Linux 5.13 and by a filter, EOPNOTSUPP where it is off; EPERM by other filters.
  if (version < 1) return std::nullopt;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = rights_of_version(version);
  Fd rules(static_cast<int>(
      syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0)));
  if (!rules) return Error("make rules of Landlock", errno);
  for (const std::string& place : places) {
    NVBOX_TRY(add_place(rules, place, attributes.handled_access_fs));
  }
  return std::optional(std::move(rules));
}

int restrict_self(int rules) {
  return static_cast<int>(syscall(SYS_landlock_restrict_self, rules, 0));
}

}  // namespace nvbox::sys
