// The capabilities that each phase of nvidia-container-cli needs as root. Callers that give fewer
// (Apptainer gives a dozen) are served as long as none of the phases that they ask for lacks one;
// sys::Raised names the one that is missing. The table of all programs is applets/privileges.h.
#pragma once

#include <linux/capability.h>

#include <vector>

#include "sys/capabilities.h"

namespace nvbox::apply {

// Opening another user's process, and the files that belong to it.
inline constexpr sys::CapSet finds_container = {CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE};

// Entering the container's mount namespace, mounting, and making files that its root owns.
inline constexpr sys::CapSet changes_container = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                                                  CAP_FOWNER, CAP_MKNOD,        CAP_SETGID,
                                                  CAP_SETUID, CAP_SYS_CHROOT,   CAP_SYS_ADMIN};

// devices.allow, or reading and replacing device programs (with CAP_NET_ADMIN on older
// kernels).
inline constexpr sys::CapSet changes_device_rules = {CAP_DAC_OVERRIDE, CAP_NET_ADMIN,
                                                     CAP_SYS_ADMIN};

// What nothing else in the container takes.
inline constexpr sys::CapSet only_for_device_rules =
    changes_device_rules.without(changes_container);

// What is given up when the container is found, whoever gave it: only the host's programs, kernel
// and processes were a reason to have it.
inline constexpr sys::CapSet never_in_container = {CAP_KILL, CAP_SYS_MODULE, CAP_SYS_PTRACE};

// The numbers of all system calls that apply::configure makes, on old kernels and new ones.
std::vector<int> system_calls();

}  // namespace nvbox::apply
