// Gives a container that exists its GPUs: the `configure` command of nvidia-container-cli, and
// later the prestart hook, as one function call.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "host/root.h"
#include "spec/container_work.h"
#include "spec/edits.h"

namespace nvbox::apply {

enum class CompatMode { disabled, ldconfig, mount };

// What of /proc/driver/nvidia a container sees: a shadow with what is visible, that of an earlier
// call with what is visible besides, or what is there.
enum class ProcView { shadowed, extended, left };

struct ConfigureRequest {
  // The process whose mount namespace and cgroup are the container's. 0: this process itself
  // ("standalone"), with the root file system below the current namespace.
  pid_t pid = 0;
  std::string rootfs{};  // as the caller of configure sees it in that namespace

  // What the plan says: nodes and mounts (host_path -> container_path as on the host). Libraries
  // are moved to where this image looks for them, and links and library folders with them. Env,
  // hooks and gids mean nothing to a container that exists, nor does work.mask_params: see
  // proc.
  spec::ContainerEdits edits{};
  spec::ContainerWork work{};
  // Host directories of /proc/driver/nvidia/gpus that the container may see ("0000:3b:00.0").
  std::vector<std::string> visible_bus_ids{};
  // Below /proc/driver/nvidia/capabilities: what MIG devices need to see ("gpu0/mig/gi1/access").
  // "" is all of them, for those who manage MIG.
  std::vector<std::string> visible_capabilities{};
  std::string host_driver_version{};

  bool mknod_devices = false;   // --no-devbind: make nodes instead of binding the host's
  bool cgroups = true;          // --no-cgroups clears it
  bool strict_cgroups = false;  // an EPERM is an error rather than a notice
  ProcView proc = ProcView::shadowed;
  bool moves_libraries = true;      // to where the image's loader looks first
  bool leave_loader_cache = false;  // --ldconfig=/usr/bin/true
  // Nothing else is done: an earlier call has mounted what the cache is to know.
  bool only_loader_cache = false;
  CompatMode compat = CompatMode::ldconfig;
  // Once the container is found, the process gives up for good what it was given and does not need
  // any more (never_in_container): for programs that end with this call.
  bool gives_up_rights = false;
};

// NVIDIA's classes of what configure says, which its programs put in front of what its library
// says.
inline constexpr std::string_view error_classes[] = {
    "input error: ", "container error: ", "permission error: ", "mount error: ", "ldcache error: "};

// All or nothing: on failure everything that this call made is undone, and nothing else. Errors
// carry the class of NVIDIA's message ("mount error", ...) as their first context. Raises what
// it was given of the capabilities of apply/phases.h.
Result<> configure(const host::Root& host, const ConfigureRequest& request, const Log& log);

}  // namespace nvbox::apply
