#include "sys/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/kernel.h"

namespace nvbox::sys {
namespace {

// The user and the group, on every Linux: the overflow number of user namespaces and NFS.
constexpr uid_t nobody = 65534;
constexpr uid_t as_it_is = static_cast<uid_t>(-1);

// More than any user is in; a process that has more stays who it is.
constexpr int most_groups = 256;

bool limit(__rlimit_resource resource, rlim_t most) {
  rlimit value{};
  if (getrlimit(resource, &value) != 0) return false;
  value.rlim_max = std::min(value.rlim_max, most);
  value.rlim_cur = value.rlim_max;
  return setrlimit(resource, &value) == 0;
}

}  // namespace

Result<Confiner> Confiner::prepare(const Confinement& confinement, const std::string& root) {
  std::optional<Fd> rules;
  if (confinement.writable) {
    std::vector<std::string> places;
    for (const std::string& place : *confinement.writable) {
      places.push_back(path::join(root, place));
    }
    rules = NVBOX_TRY(write_only_below(places));
  }
  return Confiner(confinement, std::move(rules));
}

bool Confiner::can_nobody_do() const {
  return std::ranges::all_of(*confinement_->enough_for_nobody, [](const NeededFile& file) {
    return faccessat(AT_FDCWD, file.path.c_str(), file.access, AT_EACCESS) == 0;
  });
}

// First on trial: the real and the saved user stay root's, who can come back. With the effective
// user no capability is effective (capabilities(7)), so that the kernel answers for nobody.
void Confiner::become_nobody() const {
  gid_t groups[most_groups];
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const int count = getgroups(most_groups, groups);
  if (user != 0 || count < 0 || setgroups(0, nullptr) != 0) return;
  const bool is_tried =
      setresgid(as_it_is, nobody, as_it_is) == 0 && setresuid(as_it_is, nobody, as_it_is) == 0;
  if (is_tried && can_nobody_do()) {
    const bool is_done =
        setresgid(nobody, nobody, nobody) == 0 && setresuid(nobody, nobody, nobody) == 0;
    if (is_done) return;
  }
  (void)!setresuid(as_it_is, user, as_it_is);
  (void)!setresgid(as_it_is, group, as_it_is);
  (void)!setgroups(static_cast<size_t>(count), groups);
}

// Who it is comes first, because changing that forgets the signal; the filter comes last, because
// what is done before it need not be in its list.
bool Confiner::confine(pid_t parent) const {
  if (!limit(RLIMIT_CORE, 0)) return false;
  if (!limit(RLIMIT_FSIZE, confinement_->most_file_bytes)) return false;
  if (confinement_->enough_for_nobody) become_nobody();
  const bool is_bare = drop_capabilities() == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                       prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  // The parent may have ended before it could be watched.
  if (getppid() != parent) _exit(127);
  if (!is_bare || (rules_ && restrict_self(rules_->get()) != 0)) return false;
  const std::vector<sock_filter>& calls = confinement_->system_calls;
  // The kernel does not write to it.
  const sock_fprog filter{static_cast<unsigned short>(calls.size()),
                          const_cast<sock_filter*>(calls.data())};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

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

namespace {

constexpr size_t most_bytes = size_t{BPF_MAXINSNS} * sizeof(sock_filter);

struct ReleaseFilter {
  void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

// libseccomp's functions return -errno.
Result<> checked(int code, std::string_view what) {
  if (code >= 0) return {};
  return Error(cat("make a list of system calls: ", what), -code);
}

Result<> allow(const Filter& filter, const AllowedCall& call) {
  const int number = seccomp_syscall_resolve_name(std::string(call.name).c_str());
  if (number == __NR_SCMP_ERROR) return {};
  const scmp_arg_cmp condition{call.argument, SCMP_CMP_MASKED_EQ, call.mask, call.value};
  const unsigned count = call.mask == 0 ? 0 : 1;
  return checked(seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, number, count, &condition),
                 call.name);
}

// The one way out of libseccomp 2.5 is a file.
Result<std::vector<sock_filter>> instructions_of(const Filter& filter) {
  const Fd file(memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return Error("make a file in memory", errno);
  NVBOX_TRY(checked(seccomp_export_bpf(filter.get(), file.get()), "write it out"));
  if (lseek(file.get(), 0, SEEK_SET) != 0) return Error("read a list of system calls", errno);
  const std::string bytes = NVBOX_TRY(read_all(file.get(), most_bytes));
  std::vector<sock_filter> instructions(bytes.size() / sizeof(sock_filter));
  std::memcpy(instructions.data(), bytes.data(), instructions.size() * sizeof(sock_filter));
  return instructions;
}

}  // namespace

Result<std::vector<sock_filter>> allow_list(std::span<const AllowedCall> calls) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!filter) return Error("make a list of system calls", ENOMEM);
  for (const AllowedCall& call : calls) NVBOX_TRY(allow(filter, call));
  return instructions_of(filter);
}

}  // namespace nvbox::sys
