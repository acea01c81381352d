// What only the driver's own library knows: UUIDs and numbers of MIG devices, UUIDs of GPUs that
// were never used, and what the tables do not have of new products.
//
// A static program cannot load that library, and should not go down with it, so an embedded helper
// program does, without capabilities, environment or descriptors, with a list of system calls, a
// time limit and no right to write but to the driver's nodes, as nobody where that user may use
// them. Asking wakes the GPUs that are asked about, which takes seconds where no persistence
// daemon keeps them awake: only those are asked that a request is about, and once.
#pragma once

#include <linux/capability.h>

#include <cstddef>
#include <span>

#include "driver/discover.h"
#include "driver/inventory.h"
#include "host/environment.h"
#include "sys/capabilities.h"

namespace nvbox::nvml {

// Starting the helper in the driver's root and as nobody, whom only CAP_KILL can end; where these
// are missing it is started as this user, and in a driver's root that is a whole system not at all.
inline constexpr sys::CapSet starts_helper = {CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT};

struct AskSettings {
  unsigned timeout_s = 10;  // for each GPU
  // Answers are kept in /run/nvbox until the next boot, another driver or a change of MIG devices.
  bool use_cache = true;
  // Whether new ones are kept, too.
  bool keeps_answers = true;
};

// No cache with NVIDIA_CTK_NO_CACHE=1.
AskSettings settings_from(const host::Environment& environment, unsigned timeout_s);

// Asks about the GPUs at these positions, and about the CUDA version, and fills in what is not
// known; what was not answered is told in Gpu::unanswered or Inventory::unanswered, never an error.
// The MIG devices of these GPUs are read again afterwards, so that they are those of the answer.
//
// `search` is what the inventory was discovered with.
void ask(const driver::Roots& roots, const driver::Search& search, const AskSettings& settings,
         std::span<const size_t> gpus, driver::Inventory& inventory);

}  // namespace nvbox::nvml
