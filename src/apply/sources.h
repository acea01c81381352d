// What of the host is mounted in a container, opened while still on the host.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "apply/steps.h"
#include "base/log.h"
#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"
#include "sys/mount.h"

namespace nvbox::apply {

// How a source gets from the host's mount namespace to the container's.
enum class Transfer {
  copy,    // as a mount that has no place yet
  reopen,  // by its path, which has to lead to the same file there (Linux < 5.2, seccomp filters)
};

struct HostSource {
  struct stat status {};
  sys::Restrictions restrictions = 0;
  std::optional<sys::MountFd> mount{};  // for Transfer::copy
  std::string path{};                   // for Transfer::reopen
};

// nullopt for an optional source that cannot be had; the log says why.
Result<std::optional<HostSource>> open_source(const host::Root& host, const BindMount& step,
                                              Transfer transfer, const Log& log);

Result<HostSource> open_source(const host::Root& host, const BindNode& step, Transfer transfer);

// The mount of a source in the mount namespace that this process is in by now.
Result<sys::MountFd> take_mount(HostSource source);

}  // namespace nvbox::apply
