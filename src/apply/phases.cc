#include "apply/phases.h"

#include <sys/syscall.h>

#include "hook/rights.h"

namespace nvbox::apply {
namespace {

// Beside those of work in a root directory.
constexpr int calls[] = {
    // Entering the container, as its root.
    SYS_setns,
    SYS_chroot,
    SYS_chdir,
    SYS_fchdir,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_getgroups,
    SYS_flock,
    // Its nodes and device rules.
    SYS_mknodat,
    SYS_bpf,
    SYS_prlimit64,
    SYS_setrlimit,
    SYS_getrlimit,
    // The system log, whose socket is open, and systemd's manager, which is asked on its own.
    SYS_socket,
    SYS_connect,
    SYS_sendto,
    SYS_recvfrom,
    SYS_ppoll,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_mknod
    SYS_mknod,
#endif
};

}  // namespace

std::vector<int> system_calls() {
  const std::span<const int> work = hook::system_calls();
  std::vector<int> all(work.begin(), work.end());
  all.insert(all.end(), std::begin(calls), std::end(calls));
  return all;
}

}  // namespace nvbox::apply
