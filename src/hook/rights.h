// What the parts of a hook's work need as root of the host or of a user namespace; the table of all
// programs is applets/privileges.h.
#pragma once

#include <linux/capability.h>

#include <span>

#include "sys/capabilities.h"

namespace nvbox::hook {

// Finding the container: bundles and root directories may belong to others than root.
inline constexpr sys::CapSet finds_container = {CAP_DAC_READ_SEARCH};

// Changing what a read-only root shows (sys/writable_view), and mounting.
inline constexpr sys::CapSet mounts = {CAP_SYS_ADMIN};

// Links in directories of any owner; with the sticky bit, what is in their place is its owner's.
inline constexpr sys::CapSet makes_links =
    finds_container | mounts | sys::CapSet{CAP_DAC_OVERRIDE, CAP_FOWNER};

// Files, which keep the owner that they had.
inline constexpr sys::CapSet writes_files = makes_links | sys::CapSet{CAP_CHOWN};

// Modes of files of any owner, bits for the group included.
inline constexpr sys::CapSet changes_modes =
    finds_container | mounts | sys::CapSet{CAP_FOWNER, CAP_FSETID};

// A mount over a file of /proc.
inline constexpr sys::CapSet covers_files = finds_container | mounts;

// The numbers of all system calls that this work makes, on old kernels and new ones: files, mounts,
// memory, time. No program is started, no process looked into, no node made, no socket opened.
std::span<const int> system_calls();

}  // namespace nvbox::hook
