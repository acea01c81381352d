#include "config/keys.h"

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "base/text.h"

namespace nvbox::config {
namespace {

// A pointer through nested structs: field<&Config::cli, &Config::Cli::root>.
template <auto... Members>
constexpr auto field = [](Config& config) -> auto& {
  return (config.*....*Members);
};

using Cli = Config::Cli;
using Runtime = Config::Runtime;
using Features = Config::Features;

constexpr auto cli = &Config::cli;
constexpr auto runtime = &Config::runtime;
constexpr auto features = &Config::features;

constexpr std::string_view modes[] = {"auto", "legacy", "csv", "cdi", "jit-cdi"};
constexpr std::string_view discover_modes[] = {"auto", "legacy", "csv"};
// features.allow-cuda-compat-libs-from-container has a meaning where the word is empty.
constexpr std::string_view compat_modes[] = {"ldconfig", "mount", "hook", "disabled", ""};
// NVIDIA's logger's.
constexpr std::string_view log_levels[] = {"panic",   "fatal", "error", "warn",
                                           "warning", "info",  "debug", "trace"};
constexpr std::string_view driver_capabilities[] = {"all",      "compat32", "compute", "display",
                                                    "graphics", "ngx",      "utility", "video"};
// NVIDIA's, all of them: some ask for nothing that nvbox does.
constexpr std::string_view feature_flags[] = {
    "enable-explicit-driver-libraries", "disable-nvsandboxutils",
    "enable-coherent-annotations",      "disable-multiple-csv-devices",
    "disable-ipc-discoverer",           "no-additional-gids-for-device-nodes"};
constexpr std::string_view hooks[] = {"all",
                                      "chmod",
                                      "create-symlinks",
                                      "disable-device-node-modification",
                                      "enable-cuda-compat",
                                      "update-application-profile",
                                      "update-ldcache"};

constexpr Key rows[] = {
    {"disable-require", field<&Config::disable_require>,
     "do not check the NVIDIA_REQUIRE_* conditions of images"},
    {"swarm-resource", CommaField{field<&Config::swarm_resource>},
     "environment variables, with commas between them, that replace NVIDIA_VISIBLE_DEVICES in "
     "containers that have one of them"},
    {"accept-nvidia-visible-devices-envvar-when-unprivileged",
     field<&Config::accept_env_when_unprivileged>,
     "whether NVIDIA_VISIBLE_DEVICES counts in containers without CAP_SYS_ADMIN"},
    {"accept-nvidia-visible-devices-as-volume-mounts", field<&Config::accept_volume_mounts>,
     "whether mounts on /var/run/nvidia-container-devices/ID ask for devices"},
    {"supported-driver-capabilities",
     field<&Config::supported_driver_capabilities>,
     "the driver capabilities that containers may ask for",
     {driver_capabilities, Words::Form::several}},

    {"nvidia-container-cli.root", field<cli, &Cli::root>,
     "directory below which the driver and its devices are, when that is not /"},
    {"nvidia-container-cli.path", field<cli, &Cli::path>,
     "nvidia-container-cli to run; empty means this program"},
    {"nvidia-container-cli.environment", field<cli, &Cli::environment>,
     "NAME=value entries to add to the environment of nvidia-container-cli"},
    {"nvidia-container-cli.debug", field<cli, &Cli::debug>, "log file of nvidia-container-cli"},
    {"nvidia-container-cli.ldcache", field<cli, &Cli::ldcache>,
     "the host's loader cache; empty means /etc/ld.so.cache"},
    {"nvidia-container-cli.load-kmods", field<cli, &Cli::load_kmods>,
     "load the kernel modules and make their device nodes where they are missing"},
    {"nvidia-container-cli.no-pivot", field<cli, &Cli::no_pivot>,
     "do not pivot into the driver root"},
    {"nvidia-container-cli.no-cgroups", field<cli, &Cli::no_cgroups>,
     "leave the device rules of the container's cgroup alone"},
    {"nvidia-container-cli.user", field<cli, &Cli::user>,
     "user[:group] that queries the driver; empty means the caller"},
    {"nvidia-container-cli.ldconfig", field<cli, &Cli::ldconfig>,
     "ldconfig program, with @ before a path of the host"},
    {"nvidia-container-cli.nvml-timeout", field<cli, &Cli::nvml_timeout>,
     "seconds that NVML may take about each GPU that it is asked about"},

    {"nvidia-container-runtime.debug", field<runtime, &Runtime::debug>,
     "log file of nvidia-container-runtime; empty or /dev/null means none"},
    {"nvidia-container-runtime.log-level",
     field<runtime, &Runtime::log_level>,
     "the least important messages that are logged",
     {log_levels, Words::Form::in_any_case}},
    {"nvidia-container-runtime.runtimes", field<runtime, &Runtime::runtimes>,
     "low-level runtimes, by name or path; the first that exists is used"},
    {"nvidia-container-runtime.mode",
     field<runtime, &Runtime::mode>,
     "how containers get their GPUs",
     {modes}},
    {"nvidia-container-runtime.experimental", field<runtime, &Runtime::experimental>,
     "of older versions: with true, discover-mode is the mode where nvidia-container-runtime.mode "
     "is not set; a file has this or the table of the same name"},
    {"nvidia-container-runtime.discover-mode",
     field<runtime, &Runtime::discover_mode>,
     "of older versions: see nvidia-container-runtime.experimental",
     {discover_modes}},
    {"nvidia-container-runtime.experimental.runtime-path",
     field<runtime, &Runtime::experimental_runtime_path>,
     "low-level runtime of nvidia-container-runtime.experimental, by name or path, in place of "
     "nvidia-container-runtime.runtimes; a file has this or nvidia-container-runtime.experimental"},
    {"nvidia-container-runtime.modes.csv.mount-spec-path",
     field<runtime, &Runtime::csv_mount_spec_path>,
     "directory of the files that say what to mount on Tegra systems"},
    {"nvidia-container-runtime.modes.csv.compat-container-root",
     field<runtime, &Runtime::csv_compat_container_root>,
     "directory of the CUDA compatibility libraries in containers on Orin; empty means "
     "/usr/local/cuda/compat_orin"},
    {"nvidia-container-runtime.modes.cdi.spec-dirs", field<runtime, &Runtime::cdi_spec_dirs>,
     "directories of CDI specifications; later ones win"},
    {"nvidia-container-runtime.modes.cdi.default-kind", field<runtime, &Runtime::cdi_default_kind>,
     "vendor and class of device names that have none"},
    {"nvidia-container-runtime.modes.cdi.annotation-prefixes",
     field<runtime, &Runtime::cdi_annotation_prefixes>,
     "beginnings of the annotations that ask for CDI devices"},
    {"nvidia-container-runtime.modes.jit-cdi.nvcdi-feature-flags",
     field<runtime, &Runtime::jit_feature_flags>,
     "feature flags for specifications that are generated at container start",
     {feature_flags}},
    {"nvidia-container-runtime.modes.jit-cdi.nvcdi-disable-hooks",
     field<runtime, &Runtime::jit_disabled_hooks>,
     "hooks to leave out of specifications that are generated at container start",
     {hooks}},
    {"nvidia-container-runtime.modes.jit-cdi.ignore-driver-capabilities",
     field<runtime, &Runtime::jit_ignore_driver_capabilities>,
     "inject every driver file whatever NVIDIA_DRIVER_CAPABILITIES says"},
    {"nvidia-container-runtime.modes.legacy.cuda-compat-mode",
     field<runtime, &Runtime::legacy_cuda_compat_mode>,
     "how CUDA compatibility libraries of images are used",
     {compat_modes}},

    {"nvidia-container-runtime-hook.path", field<&Config::hook, &Config::Hook::path>,
     "hook to inject in legacy mode"},
    {"nvidia-container-runtime-hook.skip-mode-detection",
     field<&Config::hook, &Config::Hook::skip_mode_detection>,
     "never refuse because of nvidia-container-runtime.mode"},
    {"nvidia-container-runtime-hook.strict-mode-detection",
     field<&Config::hook, &Config::Hook::strict_mode_detection>,
     "refuse where the mode is not legacy, as NVIDIA's hook does, unless skip-mode-detection"},

    {"nvidia-ctk.path", field<&Config::ctk_path>, "program of the hooks that are injected"},

    {"features.allow-cuda-compat-libs-from-container",
     field<features, &Features::allow_cuda_compat_libs_from_container>,
     "use an image's CUDA compatibility libraries when cuda-compat-mode is empty or unknown"},
    {"features.allow-ldconfig-from-container",
     field<features, &Features::allow_ldconfig_from_container>,
     "accept an ldconfig path of the container, that is one without @"},
    {"features.allow-unknown-oci-spec-fields",
     field<features, &Features::allow_unknown_oci_spec_fields>,
     "accepted for compatibility: unknown fields of config.json are always kept"},
    {"features.disable-cuda-compat-lib-hook",
     field<features, &Features::disable_cuda_compat_lib_hook>,
     "inject no hook for CUDA compatibility libraries in legacy mode"},
    {"features.disable-imex-channel-creation",
     field<features, &Features::disable_imex_channel_creation>,
     "do not make the device nodes of IMEX channels"},
    {"features.ignore-imex-channel-requests",
     field<features, &Features::ignore_imex_channel_requests>, "ignore requests for IMEX channels"},
    {"features.no-additional-gids-for-device-nodes",
     field<features, &Features::no_additional_gids_for_device_nodes>,
     "do not add the groups of device nodes to the container's user"},
};

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

// The keys that end like this one, for a key without its table: "a.debug or b.debug".
std::string similar_last_part(std::string_view key) {
  std::vector<std::string_view> parts;
  for (const Key& row : rows) parts.push_back(last_part(row.name));
  const auto similar = did_you_mean(last_part(key), parts);
  std::string text;
  for (const Key& row : rows) {
    if (last_part(row.name) == similar) text += cat(text.empty() ? "" : " or ", row.name);
  }
  return text;
}

bool is_one_of(const Words& words, std::string_view value) {
  if (words.form == Words::Form::in_any_case) {
    return std::ranges::find(words.allowed, lower(value)) != words.allowed.end();
  }
  return std::ranges::find(words.allowed, value) != words.allowed.end();
}

}  // namespace

std::span<const Key> keys() {
  return rows;
}

const Key* find_key(std::string_view name) {
  const auto* const found = std::ranges::find(rows, name, &Key::name);
  return found == std::end(rows) ? nullptr : found;
}

bool is_in_table(const Key& key, std::string_view table) {
  return key.name.starts_with(table) && key.name.substr(table.size()).starts_with('.');
}

bool is_table_of_keys(std::string_view name) {
  return std::ranges::any_of(rows, [&](const Key& key) { return is_in_table(key, name); });
}

std::vector<std::string> path_of(const Key& key) {
  const std::vector<std::string_view> parts = split(key.name, '.');
  return {parts.begin(), parts.end()};
}

std::string words_text(const Words& words) {
  std::string text;
  for (size_t at = 0; at < words.allowed.size(); ++at) {
    const std::string_view word = words.allowed[at];
    if (at > 0) text += at + 1 == words.allowed.size() ? " or " : ", ";
    text += word.empty() ? "\"\"" : word;
  }
  return text;
}

std::optional<std::string> find_wrong_word(const Words& words, std::string_view value) {
  if (words.allowed.empty()) return std::nullopt;
  std::vector<std::string_view> given = {value};
  if (words.form == Words::Form::several) given = split(value, ',');
  for (std::string_view word : given) {
    if (words.form == Words::Form::several) word = trim(word);
    if (is_one_of(words, word) || (word.empty() && words.form == Words::Form::several)) continue;
    const std::string text = cat("expected ", words_text(words), ", found ", quote(word));
    const std::string_view similar = did_you_mean(word, words.allowed).value_or("");
    return similar.empty() ? text : cat(text, "; did you mean ", similar, "?");
  }
  return std::nullopt;
}

std::string describe_unknown(std::string_view key) {
  std::vector<std::string_view> names;
  for (const Key& row : rows) names.push_back(row.name);
  std::string similar(did_you_mean(key, names).value_or(""));
  if (similar.empty()) similar = similar_last_part(key);
  if (similar.empty()) return cat("unknown key ", key);
  return cat("unknown key ", key, "; did you mean ", similar, "?");
}

}  // namespace nvbox::config
