// How `nvidia-ctk cdi generate` was called, and what this host has for that.
#pragma once

#include <string>
#include <vector>

#include "driver/discover.h"
#include "driver/inventory.h"
#include "nvidia_ctk/cdi.h"
#include "plan/cdi_spec_for.h"

namespace nvbox::applets::ctk_cdi {

struct GenerateSettings {
  std::string output{};
  std::string format = "yaml";
  std::string mode = "auto";
  std::optional<std::string> driver_root{};
  std::optional<std::string> dev_root{};
  std::vector<std::string> naming = {"index", "uuid"};
  std::vector<std::string> device_ids = {"all"};
  bool no_all_device = false;
  std::string hook_path{};
  std::string ldconfig_path{};
  std::string vendor = "nvidia.com";
  std::string device_class = "gpu";
  std::vector<std::string> library_directories{};
  std::vector<std::string> config_directories{};
  std::vector<std::string> csv_files{};
  std::vector<std::string> csv_ignore_patterns{};
  std::string csv_compat_container_root{};
  std::vector<std::string> disabled_hooks{};
  std::vector<std::string> enabled_hooks{};
  std::vector<std::string> feature_flags{};
  // Ours.
  std::string hooks = "each";
  std::string cdi_version{};
  bool if_stale = false;
  bool allow_incomplete = false;
};

// The flags of both commands that generate.
std::span<const cli::Flag<GenerateSettings>> generate_flags();

// What is made a specification of.
enum class What { gpus, management, imex, gds, mofed, gdrcopy, nvswitch };

struct Mode {
  What what = What::gpus;
  driver::DriverKind kind = driver::DriverKind::none;  // none: what this host has
};

// An error for a mode that there is not.
Result<Mode> parse_mode(std::string_view word);

// The settings when they have been checked.
struct GeneratePlan {
  What what = What::gpus;
  driver::DriverKind kind = driver::DriverKind::none;
  driver::CsvSearch csv{};
  plan::CdiOptions options{};
  Output output{};
};

// In NVIDIA's order of checks; looks for the hook program on PATH. `line` says which flags were
// given.
Result<GeneratePlan> check_settings(const GenerateSettings& settings, const cli::FlagLine& line,
                                    const Call& call);

struct Described {
  plan::CdiOutcome outcome;
  std::optional<spec::CdiStamp> stamp{};
};

// Whether the text goes to a file, so that the host may be made what is described: modules loaded
// and missing nodes made. Whoever only prints changes nothing.
enum class Purpose { print, write };

// Describes what there is. `config_file` is --config's; empty for the usual one.
Result<Described> describe_host(const GenerateSettings& settings, const GeneratePlan& plan,
                                Purpose purpose, const Call& call, const std::string& config_file);

// The YAML that `cdi generate` writes without any flag, except for --cdi-version where that is not
// empty.
Result<std::string> default_specification(const Call& call, Purpose purpose,
                                          const std::string& cdi_version);

}  // namespace nvbox::applets::ctk_cdi
