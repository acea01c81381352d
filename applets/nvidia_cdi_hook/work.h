// What the hooks of CDI specifications do: the flags of each and its work.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "cli/flags.h"
#include "host/root.h"
#include "privileges.h"

namespace nvbox::applets::cdi_hook {

// The flags of all hooks; each has some of them.
struct Settings {
  std::string container_spec{};  // file with the container's state; empty and "-": standard input
  std::vector<std::string> links{};
  std::vector<std::string> folders{};
  std::string ldconfig_path{};
  std::string mode{};
  std::vector<std::string> paths{};
  std::string driver_version{};
  std::string cuda_version{};
  std::string compat_root = "/usr/local/cuda/compat";
};

// Where a hook works.
struct Places {
  const host::Root& host;
  const host::Root& container;
  const host::Root& writable;  // the container's root as far as it may be changed
};

struct Hook {
  const Privileges& privileges;
  std::span<const cli::Flag<Settings>> flags;
  Result<> (*work)(const Places& places, const Settings& settings, const Log& log);
  // Whether the flags leave nothing to do, without a look at the container.
  bool (*is_idle)(const Settings& settings) = nullptr;
};

extern const Hook create_symlinks;
extern const Hook update_ldcache;
extern const Hook enable_cuda_compat;
extern const Hook disable_device_node_modification;
extern const Hook update_application_profile;
extern const Hook chmod;
extern const Hook noop;

}  // namespace nvbox::applets::cdi_hook
