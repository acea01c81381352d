#include "sys/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>

#include <vector>

#include "base/path.h"
#include "sys/kernel.h"
#include "sys/landlock.h"

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

}  // namespace nvbox::sys
