// A call of nvidia-container-cli configure as values: what its command line says, and what the
// prestart hook asks of it. Only for another program of config.toml's are they written out again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "driver/discover.h"
#include "driver/inventory.h"
#include "plan/mig_rights.h"
#include "plan/request.h"

namespace nvbox::runtime {

// The options before the command.
struct CliGlobals {
  std::string debug{};
  bool load_kmods = false;
  bool no_pivot = false;
  bool no_create_imex_channels = false;
  std::string nvml_timeout{};  // seconds
  std::optional<std::string> user{};
  std::optional<std::string> root{};
  std::optional<std::string> ldcache{};
  // What config.toml says of a Tegra; the command line has no words for it.
  driver::CsvSearch csv{};
};

// Those of configure.
struct ConfigureOptions {
  std::string pid{};
  std::vector<std::string> devices{};  // lists
  std::vector<std::string> requirements{};
  std::string ldconfig{};
  driver::Capabilities capabilities = driver::Capabilities::none;
  plan::MigRights mig{};
  std::vector<std::string> imex_channels{};  // lists
  bool all_csv_files = false;                // of a Tegra; --require=csv-mounts=all
  std::optional<std::string> compat_mode{};  // absent is mount
  bool no_compat = false;
  bool no_cgroups = false;
  bool strict_cgroups = false;
  bool no_devbind = false;
  bool no_persistenced = false;
  bool no_fabricmanager = false;
  bool no_gsp_firmware = false;
};

struct ConfigureCall {
  CliGlobals globals{};
  ConfigureOptions options{};
  std::string rootfs{};
};

struct ConfigureTarget {
  std::int64_t pid = 0;
  std::string rootfs{};
  // The hook was called with -debug.
  bool debug_on_standard_error = false;
  // nvidia-container-cli.ldconfig as it is to be passed on; see normal_ldconfig.
  std::string ldconfig{};
};

// What the prestart hook asks for. The request's names are native (plan/mode.h).
ConfigureCall configure_call(const plan::Request& request, const config::Config& config,
                             const ConfigureTarget& target);

// The arguments without the program's name, in the order of NVIDIA's hook; options that this hook
// never gives are left out.
std::vector<std::string> to_arguments(const ConfigureCall& call);

// nvidia-container-cli.ldconfig as NVIDIA's hook passes it on: the platform's default for an empty
// one, and after "@" PATH.real where the host has it (Debian's PATH is a script).
std::string normal_ldconfig(const std::string& configured);

}  // namespace nvbox::runtime
