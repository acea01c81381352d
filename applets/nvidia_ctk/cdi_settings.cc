// The flags of `nvidia-ctk cdi generate`, and what is checked about them before the host is looked
// at.
#include <algorithm>

#include "base/list.h"
#include "base/path.h"
#include "base/text.h"
#include "host/locate.h"
#include "host/root.h"
#include "nvidia_ctk/cdi_generate.h"
#include "sys/process.h"

namespace nvbox::applets::ctk_cdi {
namespace {

using Settings = GenerateSettings;

constexpr cli::Flag<Settings> flags[] = {
    {{"output", "NVIDIA_CTK_CDI_OUTPUT_FILE_PATH",
      "File to write the specification to; standard output if empty"},
     &Settings::output},
    {{"format", "NVIDIA_CTK_CDI_GENERATE_OUTPUT_FORMAT", "Output format: json or yaml"},
     &Settings::format},
    {{"mode discovery-mode", "NVIDIA_CTK_CDI_GENERATE_MODE",
      "What to describe: auto, csv, gdrcopy, gds, imex, management, mofed, nvml, nvswitch or wsl"},
     &Settings::mode},
    {{"driver-root", "NVIDIA_CTK_DRIVER_ROOT", "Root below which the driver is installed"},
     &Settings::driver_root},
    {{"dev-root", "NVIDIA_CTK_DEV_ROOT", "Root below which /dev is; the driver root if not given"},
     &Settings::dev_root},
    {{"device-name-strategy", "NVIDIA_CTK_CDI_GENERATE_DEVICE_NAME_STRATEGIES",
      "How devices are called: index, uuid or type-index; every one given adds a name"},
     &Settings::naming},
    {{"device-id device-ids device devices", "NVIDIA_CTK_CDI_GENERATE_DEVICE_IDS",
      "Devices to describe"},
     &Settings::device_ids},
    {{"no-all-device", "NVIDIA_CTK_CDI_GENERATE_NO_ALL_DEVICE",
      "Leave out the device that stands for all others"},
     &Settings::no_all_device},
    {{"nvidia-cdi-hook-path nvidia-ctk-path", "NVIDIA_CTK_CDI_HOOK_PATH",
      "Program of the hooks; searched on PATH if not given"},
     &Settings::hook_path},
    {{"ldconfig-path", "NVIDIA_CTK_CDI_GENERATE_LDCONFIG_PATH",
      "The ldconfig that the update-ldcache hook is told to use"},
     &Settings::ldconfig_path},
    {{"vendor cdi-vendor", "NVIDIA_CTK_CDI_GENERATE_VENDOR", "Vendor in the names of devices"},
     &Settings::vendor},
    {{"class cdi-class", "NVIDIA_CTK_CDI_GENERATE_CLASS", "Class in the names of devices"},
     &Settings::device_class},
    {{"library-search-path", "NVIDIA_CTK_CDI_GENERATE_LIBRARY_SEARCH_PATHS",
      "Directory to look for libraries in, instead of the usual ones"},
     &Settings::library_directories},
    {{"config-search-path", "NVIDIA_CTK_CDI_GENERATE_CONFIG_SEARCH_PATHS",
      "Directory to look for configuration files in, instead of the usual ones"},
     &Settings::config_directories},
    {{"csv.file", "NVIDIA_CTK_CDI_GENERATE_CSV_FILES",
      "CSV file that says what containers get of a Tegra, instead of devices.csv, drivers.csv and "
      "l4t.csv of /etc/nvidia-container-runtime/host-files-for-container.d"},
     &Settings::csv_files},
    {{"csv.ignore-pattern", "NVIDIA_CTK_CDI_GENERATE_CSV_IGNORE_PATTERNS",
      "Links of the CSV files to leave out: a pattern of their paths, or of their names behind "
      "**/"},
     &Settings::csv_ignore_patterns},
    {{"csv.compat-container-root", "NVIDIA_CTK_CDI_GENERATE_CSV_CONTAINER_COMPAT_ROOT",
      "Directory of images with the CUDA compatibility libraries for Orin; "
      "/usr/local/cuda/compat_orin if not given"},
     &Settings::csv_compat_container_root},
    {{"disable-hook disable-hooks", "NVIDIA_CTK_CDI_GENERATE_DISABLED_HOOKS",
      "Hook to leave out, or all"},
     &Settings::disabled_hooks},
    {{"enable-hook enable-hooks", "NVIDIA_CTK_CDI_GENERATE_ENABLED_HOOKS",
      "Hook to have although it is disabled"},
     &Settings::enabled_hooks},
    {{"hooks", "NVIDIA_CTK_CDI_GENERATE_HOOKS",
      "A call for each hook, or one of nvbox's own for all, which engines can run: each or one"},
     &Settings::hooks},
    {{"feature-flag feature-flags", "NVIDIA_CTK_CDI_GENERATE_FEATURE_FLAGS", "Feature to switch"},
     &Settings::feature_flags},
    {{"cdi-version", "NVIDIA_CTK_CDI_GENERATE_CDI_VERSION",
      "Write this cdiVersion, without what it does not have"},
     &Settings::cdi_version},
    {{"if-stale", "", "Write the output only when it is not what it would be now"},
     &Settings::if_stale},
    {{"allow-incomplete", "",
      "Leave out MIG devices without device nodes or without a number of NVML's, and what of the "
      "driver cannot be read"},
     &Settings::allow_incomplete},
};

struct ModeRow {
  std::string_view word;
  Mode mode;
};

using driver::DriverKind;

constexpr ModeRow modes[] = {
    {"auto", Mode{}},
    {"csv", Mode{.kind = DriverKind::tegra}},
    {"gdrcopy", Mode{What::gdrcopy}},
    {"gds", Mode{What::gds}},
    {"imex", Mode{What::imex}},
    {"management", Mode{What::management, DriverKind::dgpu}},
    {"mofed", Mode{What::mofed}},
    {"nvml", Mode{.kind = DriverKind::dgpu}},
    {"nvswitch", Mode{What::nvswitch}},
    {"wsl", Mode{.kind = DriverKind::wsl}},
};

Result<std::vector<plan::CdiNaming>> parse_namings(const std::vector<std::string>& words) {
  std::vector<plan::CdiNaming> out;
  for (const std::string& word : words) {
    const auto naming = plan::parse_cdi_naming(word);
    if (!naming) {
      return Error(cat("invalid device name strategy: ", excerpt(word)))
          .hint("known are index, uuid and type-index");
    }
    // Twice the same would be two devices of one name.
    if (std::ranges::find(out, *naming) == out.end()) out.push_back(*naming);
  }
  return out;
}

// An absolute path is taken as it is. Where nvidia-cdi-hook is not installed, nvidia-ctk serves the
// same hooks.
Result<std::string> find_hook_program(const std::string& chosen, const Call& call) {
  if (chosen.starts_with('/')) return chosen;
  const bool is_ctk = path::base_name(chosen) == "nvidia-ctk";
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  host::Locator locator(root);
  const std::vector<std::string> directories =
      host::program_directories(call.environment.get("PATH").value_or(""));
  for (const std::string_view name : {"nvidia-cdi-hook", "nvidia-ctk"}) {
    if (is_ctk && name != "nvidia-ctk") continue;
    const auto found = NVBOX_TRY(locator.find_first(directories, name, host::Sought::program));
    if (found) return found->place;
  }
  const std::string fallback = cat("/usr/bin/", is_ctk ? "nvidia-ctk" : "nvidia-cdi-hook");
  call.log.warning(cat(fallback, " does not exist; containers need it"));
  return fallback;
}

// It may be installed later, or on another host.
Result<> warn_of_another_program(const std::string& program, const Log& log) {
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  const auto there = root.resolve(program);
  if (!there || !*there || **there == NVBOX_TRY(sys::own_path())) return {};
  log.warning(cat(program, " is not this program; --hooks=one needs nvbox there"));
  return {};
}

Result<std::string> kind_of(const Settings& settings) {
  std::string kind = cat(settings.vendor, "/", settings.device_class);
  if (!spec::is_qualified_name(cat(settings.vendor, "/gpu=0"))) {
    return Error(cat("invalid CDI vendor name: ", excerpt(settings.vendor)));
  }
  if (spec::is_qualified_name(cat(kind, "=0"))) return kind;
  return Error(cat("invalid CDI class name: ", excerpt(settings.device_class)));
}

// What needs no check, only its place.
plan::CdiOptions options_of(const Settings& settings) {
  return {
      .device_ids = settings.device_ids,
      .hooks = {.disabled = settings.disabled_hooks,
                .enabled = settings.enabled_hooks,
                .ldconfig_path = settings.ldconfig_path},
      .all_device = !settings.no_all_device,
      .additional_gids = !contains(settings.feature_flags, "no-additional-gids-for-device-nodes"),
      .ipc = !contains(settings.feature_flags, "disable-ipc-discoverer"),
      .allow_incomplete = settings.allow_incomplete,
      .coherence = contains(settings.feature_flags, "enable-coherent-annotations")};
}

// Files are the host's, wherever the driver is.
Result<driver::CsvSearch> csv_search(const Settings& settings) {
  driver::CsvSearch search = {
      .ignored_links = settings.csv_ignore_patterns,
      .compat_root = settings.csv_compat_container_root,
      .one_gpu = contains(settings.feature_flags, "disable-multiple-csv-devices")};
  for (const std::string& file : settings.csv_files) {
    search.files.push_back(NVBOX_TRY(host::absolute_path(file)));
  }
  return search;
}

}  // namespace

std::span<const cli::Flag<GenerateSettings>> generate_flags() {
  return flags;
}

Result<Mode> parse_mode(std::string_view word) {
  const auto row = std::ranges::find(modes, lower(word), &ModeRow::word);
  if (row != std::end(modes)) return row->mode;
  std::vector<std::string> words;
  for (const ModeRow& one : modes) words.emplace_back(one.word);
  return Error(cat("invalid discovery mode: ", excerpt(word)))
      .hint(cat("known are ", join(words, ", ")));
}

Result<GeneratePlan> check_settings(const Settings& settings, const cli::FlagLine& line,
                                    const Call& call) {
  const std::optional<SpecFormat> format = parse_format(settings.format);
  if (!format) {
    return Error(cat("invalid output format: ", excerpt(settings.format)))
        .hint("it is json or yaml");
  }
  const Mode mode = NVBOX_TRY(parse_mode(settings.mode));
  GeneratePlan plan = {
      .what = mode.what, .kind = mode.kind, .csv = {}, .options = options_of(settings)};
  plan.csv = NVBOX_TRY(csv_search(settings));
  plan::CdiOptions& options = plan.options;
  options.hooks.is_one = settings.hooks == "one";
  if (!options.hooks.is_one && settings.hooks != "each") {
    return Error(cat("invalid value of --hooks: ", excerpt(settings.hooks)))
        .hint("it is each or one");
  }
  options.naming = NVBOX_TRY(parse_namings(settings.naming));
  options.hooks.program = NVBOX_TRY(find_hook_program(settings.hook_path, call));
  if (options.hooks.is_one) NVBOX_TRY(warn_of_another_program(options.hooks.program, call.log));
  const std::string here = NVBOX_TRY(working_directory());
  plan.output = output_for(settings.output, line.is_set("format") ? format : std::nullopt, here);
  for (const std::string& warning : plan.output.warnings) call.log.warning(warning);
  options.kind = NVBOX_TRY(kind_of(settings));
  if (contains(settings.enabled_hooks, "all")) {
    return Error("enabling all hooks is not supported").hint("name those that are wanted");
  }
  if (options.all_device && contains(settings.device_ids, "none")) {
    call.log.warning("no device \"all\" is made: the device ids include none");
    options.all_device = false;
  }
  return plan;
}

}  // namespace nvbox::applets::ctk_cdi
