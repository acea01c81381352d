// config.toml: every key that nvbox knows, with its default. The keys, their defaults and the
// lookup of the file are NVIDIA's (nvidia-container-runtime/config.toml), plus a few of ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/environment.h"

namespace nvbox::config {

struct Config {
  bool disable_require = false;
  std::vector<std::string> swarm_resource{};  // names, already split
  bool accept_env_when_unprivileged = true;
  bool accept_volume_mounts = false;
  std::string supported_driver_capabilities = "compat32,compute,display,graphics,ngx,utility,video";

  struct Cli {
    std::string root{};  // driver root and dev root; empty means "/"
    std::string path{};
    std::vector<std::string> environment{};
    std::string debug{};
    std::string ldcache{};
    bool load_kmods = true;
    bool no_pivot = false;
    bool no_cgroups = false;
    std::string user{};
    std::string ldconfig{};  // empty: the platform's default
    // Ours: how long NVML may take to answer, in seconds.
    unsigned nvml_timeout = 10;
    bool operator==(const Cli&) const = default;
  } cli{};

  struct Runtime {
    std::string debug = "/dev/null";
    std::string log_level = "info";
    std::vector<std::string> runtimes = {"runc", "crun"};
    std::string mode = "auto";
    std::string csv_mount_spec_path = "/etc/nvidia-container-runtime/host-files-for-container.d";
    std::string csv_compat_container_root{};
    std::vector<std::string> cdi_spec_dirs = {"/etc/cdi", "/var/run/cdi"};
    std::string cdi_default_kind = "nvidia.com/gpu";
    std::vector<std::string> cdi_annotation_prefixes = {"cdi.k8s.io/"};
    std::vector<std::string> jit_feature_flags{};
    std::vector<std::string> jit_disabled_hooks{};
    // Ours (modes.jit-cdi.ignore-driver-capabilities): inject every driver file whatever
    // NVIDIA_DRIVER_CAPABILITIES says, as NVIDIA's jit-cdi mode does.
    bool jit_ignore_driver_capabilities = false;
    std::string legacy_cuda_compat_mode = "ldconfig";
    // The keys of the experimental runtime. Its own low-level runtime; empty: one of `runtimes`.
    std::string experimental_runtime_path{};
    // Before there was `mode`; what they mean today is in it.
    bool experimental = false;
    std::string discover_mode{};
    bool operator==(const Runtime&) const = default;
  } runtime{};

  struct Hook {
    std::string path = "nvidia-container-runtime-hook";
    bool skip_mode_detection = false;
    // Ours: refuse like NVIDIA's hook where the mode is not legacy.
    bool strict_mode_detection = false;
    bool operator==(const Hook&) const = default;
  } hook{};

  std::string ctk_path = "nvidia-ctk";

  struct Features {
    bool allow_cuda_compat_libs_from_container = false;
    bool allow_ldconfig_from_container = false;
    bool allow_unknown_oci_spec_fields = false;
    bool disable_cuda_compat_lib_hook = false;
    bool disable_imex_channel_creation = false;
    bool ignore_imex_channel_requests = false;
    bool no_additional_gids_for_device_nodes = false;
    bool operator==(const Features&) const = default;
  } features{};

  // What in the file has no effect: unknown keys, values that are none of their key's, older keys.
  // Each is one line, which names the key and what may have been meant.
  std::vector<std::string> warnings{};

  bool operator==(const Config&) const = default;
};

// Where the file is. Empty values count as not given.
struct Lookup {
  std::string explicit_path{};  // the command line's, else NVIDIA_CTK_CONFIG_FILE_PATH
  std::string xdg_config_home{};
};

// `named` is what the program's own option says.
Lookup lookup_from(const host::Environment& environment, std::string_view named = {});

// explicit_path, else ${XDG_CONFIG_HOME:-/etc}/nvidia-container-runtime/config.toml.
std::string config_path(const Lookup& lookup);

// The defaults overlaid with TOML text. Errors name the line and the key. What NVIDIA's toolkit
// ignores is a warning in the result.
Result<Config> parse_config(std::string_view text, Config defaults = {});

// parse_config of the file of config_path. A file that nobody named may be missing, which leaves
// the defaults; one that somebody named has to exist, for every program.
Result<Config> load_config(const Lookup& lookup, Config defaults = {});

}  // namespace nvbox::config
