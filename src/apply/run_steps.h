// Runs steps in a container.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>

#include "apply/steps.h"
#include "base/log.h"
#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"
#include "sys/namespaces.h"

namespace nvbox::apply {

struct Target {
  host::Root container;
  // The mount namespace that `container` is of; empty when it is this process'.
  sys::Fd mount_namespace{};
  // Whose new files are.
  uid_t uid = 0;
  gid_t gid = 0;
  // Whose cgroup is the container's; nullopt is this process.
  std::optional<sys::Process> process{};
  bool strict_cgroups = false;
};

// All steps in order. What they need of the host is opened before the container is entered, so that
// nothing of a container decides what is mounted. When one fails, what this call made is undone,
// backwards, and nothing else. Sockets, firmware and other files that a container can do without
// are left out with a warning.
Result<> run_steps(const host::Root& host, const Target& target, std::span<const Step> steps,
                   const Log& log);

}  // namespace nvbox::apply
