// How long hooks may take. Without an end, what an image makes a hook wait for (or a file system
// that does not answer any more) keeps the container, and the engine's lock on it, for ever.
#pragma once

namespace nvbox::spec {

// In seconds. A hook of ours ends itself first, and can say so; the low-level runtime (`timeout` in
// config.json, config.md of the OCI runtime specification) only says that the hook was killed.
struct HookTime {
  unsigned own;
  int timeout;
};

// Work on files of the container: some 10 ms, seconds on a disk that is very busy.
inline constexpr HookTime work_hook_time = {.own = 55, .timeout = 60};

// The whole of nvidia-container-cli configure. Loading the driver's modules on a machine with 16
// GPUs, and asking NVML with its own limit of 10 s for each, take minutes in the worst case.
inline constexpr HookTime prestart_hook_time = {.own = 590, .timeout = 600};

}  // namespace nvbox::spec
