#include "plan/request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "driver/inventory.h"
#include "plan/requirements.h"
#include "spec/cdi.h"

namespace nvbox::plan {
namespace {

constexpr std::string_view visible_devices = "NVIDIA_VISIBLE_DEVICES";
constexpr std::string_view mount_prefix = "/var/run/nvidia-container-devices";

std::vector<std::string> entries(std::string_view list) {
  std::vector<std::string> out;
  for (const std::string_view piece : split(list, ',')) {
    if (const std::string_view entry = trim(piece); !entry.empty()) out.emplace_back(entry);
  }
  keep_first(out);
  return out;
}

// "void" anywhere wins; of "all" and "none" the first does.
void interpret(std::vector<std::string> list, Request& request) {
  if (list.empty() || std::ranges::find(list, "void") != list.end()) return;
  const auto keyword = std::ranges::find_if(
      list, [](const std::string& entry) { return entry == "all" || entry == "none"; });
  if (keyword == list.end()) {
    request.ask = Ask::listed;
    request.devices = std::move(list);
  } else {
    request.ask = *keyword == "all" ? Ask::all : Ask::driver_only;
  }
}

// Beside CDI names, "all" and "none" are names of the default kind: only the variable is one word
// or another as a whole.
void interpret_mounts(std::vector<std::string> list, Request& request) {
  if (std::ranges::none_of(list, spec::is_qualified_name)) {
    return interpret(std::move(list), request);
  }
  request.ask = Ask::listed;
  request.devices = std::move(list);
}

// The variables of swarm-resource replace NVIDIA_VISIBLE_DEVICES as soon as one of them is set.
std::optional<std::string> requested_by_env(const spec::ContainerView& container,
                                            const config::Config& config) {
  std::optional<std::string> joined;
  for (const std::string& name : config.swarm_resource) {
    const auto value = container.variable(name);
    if (value) joined = joined ? cat(*joined, ",", *value) : std::string(*value);
  }
  if (joined) return joined;
  if (const auto value = container.variable(visible_devices)) return std::string(*value);
  if (is_legacy_image(container)) return "all";
  return std::nullopt;
}

struct MountRequests {
  std::vector<std::string> devices{};
  std::vector<std::string> imex_channels{};
};

// "VENDOR/CLASS=NAME" of itself, or as the folders "VENDOR/CLASS/NAME".
std::optional<std::string> cdi_name(std::string_view folders) {
  if (spec::is_qualified_name(folders)) return std::string(folders);
  const size_t vendor = folders.find('/');
  const size_t kind = vendor == std::string_view::npos ? vendor : folders.find('/', vendor + 1);
  if (kind == std::string_view::npos) return std::nullopt;
  return cat(folders.substr(0, kind), "=", folders.substr(kind + 1));
}

// Where /dev/null is mounted below the prefix, the rest of the path is a request: "imex/CHANNEL", a
// CDI name behind "cdi/", or else the name of a device as it is in the variable. Such names may
// have slashes themselves: "MIG-GPU-<uuid>/7/0", "nvidia.com/gpu=all".
MountRequests requested_by_mounts(const spec::ContainerView& container,
                                  std::vector<std::string>& warnings) {
  constexpr std::string_view imex = "imex/";
  constexpr std::string_view cdi = "cdi/";
  MountRequests out;
  for (const auto& [source, destination] : container.mounts) {
    const std::string place = path::clean(destination);
    if (path::clean(source) != "/dev/null" || !path::is_below(place, mount_prefix)) continue;
    std::string_view rest = std::string_view(place).substr(mount_prefix.size());
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    if (rest.starts_with(imex)) {
      out.imex_channels.emplace_back(rest.substr(imex.size()));
    } else if (!rest.starts_with(cdi)) {
      out.devices.emplace_back(rest);
    } else if (auto name = cdi_name(rest.substr(cdi.size()))) {
      out.devices.push_back(*std::move(name));
    } else {
      warnings.push_back(cat("mount ", quote(destination), " does not name a device"));
    }
  }
  std::erase(out.devices, "");
  keep_first(out.devices);
  keep_first(out.imex_channels);
  return out;
}

// The rule of CDI's own reader of annotations (ParseAnnotations of cncf-tags/
// container-device-interface): nothing is not a name. To overlook it would leave it to the variable
// of an image how many devices the container gets.
Result<> check_annotation(std::string_view key, std::string_view value) {
  const std::vector<std::string_view> names = split(value, ',');
  if (std::ranges::none_of(names, spec::is_qualified_name)) return {};
  if (std::ranges::none_of(names, [](auto name) { return trim(name).empty(); })) return {};
  return Error(cat("annotation ", printable(key), ": ", excerpt(value), " has an empty name"))
      .hint("put one comma between CDI device names, and none at an end");
}

Result<std::vector<std::string>> requested_by_annotations(const spec::ContainerView& container,
                                                          const config::Config& config) {
  std::vector<std::pair<std::string, std::string>> sorted = container.annotations;
  std::ranges::sort(sorted);
  std::vector<std::string> out;
  for (const auto& annotation : sorted) {
    const bool names_devices = std::ranges::any_of(
        config.runtime.cdi_annotation_prefixes,
        [&](const std::string& prefix) { return annotation.first.starts_with(prefix); });
    if (!names_devices) continue;
    NVBOX_TRY(check_annotation(annotation.first, annotation.second));
    for (std::string& entry : entries(annotation.second)) out.push_back(std::move(entry));
  }
  keep_first(out);
  return out;
}

void ask_for_devices(const spec::ContainerView& container, const config::Config& config,
                     std::vector<std::string> mounted, Request& request) {
  if (!mounted.empty()) return interpret_mounts(std::move(mounted), request);
  const std::optional<std::string> variable = requested_by_env(container, config);
  if (!variable) return;
  interpret(entries(*variable), request);
  if (request.ask == Ask::nothing || container.privileged || config.accept_env_when_unprivileged) {
    return;
  }
  request.ask = Ask::nothing;
  request.devices.clear();
  request.warnings.push_back(
      cat("ignoring the devices requested by environment variable (", quote(*variable),
          "): accept-nvidia-visible-devices-envvar-when-unprivileged is false and the container is "
          "not privileged"));
}

// "none" and the word "all" ask for no channel. NVIDIA's runtime injects every channel for
// "none", which no one can mean; of "all" its runtime and its hook agree only that it asks for none
// by itself, and beside numbers it is every channel to the one and an error to the other.
std::vector<std::string> wanted_channels(const spec::ContainerView& container,
                                         const config::Config& config,
                                         std::vector<std::string> mounted,
                                         std::vector<std::string>& warnings) {
  if (config.features.ignore_imex_channel_requests) return {};
  if (!mounted.empty()) return mounted;
  if (!container.privileged && !config.accept_env_when_unprivileged) return {};
  std::vector<std::string> list = entries(container.variable("NVIDIA_IMEX_CHANNELS").value_or(""));
  const bool is_no_request = std::ranges::any_of(
      list, [&](const std::string& entry) { return entry == "none" || entry == "void"; });
  if (is_no_request) return {};
  const size_t dropped = std::erase_if(
      list, [](const std::string& entry) { return entry == "all" || entry == "channelall"; });
  if (dropped > 0 && !list.empty()) {
    warnings.emplace_back("NVIDIA_IMEX_CHANNELS: \"all\" asks for no channel, and is ignored");
  }
  return list;
}

// The device plugin of Kubernetes gives the variable the mounts' folder where it names devices by
// mounts (strategy volume-mounts).
Result<> check_plugin_list(const Request& request, const config::Config& config) {
  if (config.accept_volume_mounts ||
      std::ranges::find(request.devices, mount_prefix) == request.devices.end()) {
    return {};
  }
  return Error(cat(visible_devices, "=", mount_prefix,
                   ": the devices are named by mounts, which "
                   "accept-nvidia-visible-devices-as-volume-mounts = false ignores"))
      .hint("for Kubernetes run nvidia-ctk config --profile kubernetes --in-place on the node");
}

driver::Features wanted_features(const spec::ContainerView& container) {
  driver::Features wanted = driver::Features::none;
  for (const driver::FeatureName& row : driver::feature_names) {
    if (container.variable(row.variable) == "enabled") wanted = wanted | row.feature;
  }
  return wanted;
}

// Making MIG instances, and watching those of others, concerns the whole host.
Result<std::string> mig_right(const spec::ContainerView& container, std::string_view variable) {
  std::string devices(container.variable(variable).value_or(""));
  if (devices.empty() || container.privileged) return devices;
  return Error(cat(variable, "=", printable(devices), ": the container is not privileged"))
      .hint("give it CAP_SYS_ADMIN (docker run --privileged), or unset the variable");
}

Result<driver::Capabilities> wanted_capabilities(const spec::ContainerView& container,
                                                 const config::Config& config) {
  if (config.runtime.jit_ignore_driver_capabilities) return driver::Capabilities::all;
  return driver_capabilities(container.variable("NVIDIA_DRIVER_CAPABILITIES"),
                             config.supported_driver_capabilities, is_legacy_image(container));
}

}  // namespace

Result<Request> request_of(const spec::ContainerView& container, const config::Config& config,
                           Annotations annotations) {
  Request request{.warnings = misspelt_variables(container, config)};
  MountRequests mounted;
  if (config.accept_volume_mounts) mounted = requested_by_mounts(container, request.warnings);
  if (annotations == Annotations::honour) {
    request.devices = NVBOX_TRY(requested_by_annotations(container, config));
    request.from_annotations = !request.devices.empty();
  }
  if (request.from_annotations) {
    request.ask = Ask::listed;
  } else {
    ask_for_devices(container, config, std::move(mounted.devices), request);
  }
  if (request.ask == Ask::nothing) return request;
  request.imex_channels =
      wanted_channels(container, config, std::move(mounted.imex_channels), request.warnings);
  request.capabilities = NVBOX_TRY(wanted_capabilities(container, config));
  request.features = wanted_features(container);
  NVBOX_TRY(check_plugin_list(request, config));
  request.requirements = requirements_of(container, config, request.warnings);
  request.all_csv_files = container.variable("NVIDIA_REQUIRE_JETPACK") == all_csv_files_word;
  request.mig.config = NVBOX_TRY(mig_right(container, "NVIDIA_MIG_CONFIG_DEVICES"));
  request.mig.monitor = NVBOX_TRY(mig_right(container, "NVIDIA_MIG_MONITOR_DEVICES"));
  return request;
}

Request request_of_list(std::string_view list) {
  Request request = {.ask = Ask::listed, .grammar = Grammar::command_line};
  for (const std::string_view item : split(list, ',')) {
    if (item.empty()) continue;
    if (lower(item) == "all") {
      request.ask = Ask::all;
      break;
    }
    request.devices.emplace_back(item);
  }
  return request;
}

namespace {

constexpr std::string_view known_variables[] = {
    "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_DISABLE_REQUIRE",
    "NVIDIA_IMEX_CHANNELS",   "NVIDIA_MIG_CONFIG_DEVICES",  "NVIDIA_MIG_MONITOR_DEVICES",
};

// An image must not be able to fill the host's logs.
constexpr size_t most_warnings = 4;

bool is_known(std::string_view name) {
  return std::ranges::find(known_variables, name) != std::end(known_variables) ||
         std::ranges::find(driver::feature_names, name, &driver::FeatureName::variable) !=
             std::end(driver::feature_names) ||
         name.starts_with("NVIDIA_REQUIRE_");
}

// Cheap, because every variable of every container is asked: the first word is NVIDIA, or nearly.
bool concerns_nvidia(std::string_view name) {
  constexpr std::string_view vendor[] = {"NVIDIA"};
  const size_t length = name.find_first_of("_-");
  if (length == std::string_view::npos || length < 5 || length > 7) return false;
  return did_you_mean(name.substr(0, length), vendor).has_value();
}

// The names of features are so short that much is near them, NVIDIA_GPU for one; their one value
// tells.
std::optional<std::string_view> nearest(std::string_view name, std::string_view value) {
  if (const auto meant = did_you_mean(name, known_variables)) return meant;
  if (value != "enabled") return std::nullopt;
  std::vector<std::string_view> features;
  for (const driver::FeatureName& row : driver::feature_names) features.push_back(row.variable);
  return did_you_mean(name, features);
}

}  // namespace

std::vector<std::string> misspelt_variables(const spec::ContainerView& container,
                                            const config::Config& config) {
  std::vector<std::string> warnings;
  size_t left_out = 0;
  for (const auto& [name, value] : container.env) {
    if (!concerns_nvidia(name) || is_known(name)) continue;
    if (std::ranges::find(config.swarm_resource, name) != config.swarm_resource.end()) continue;
    const auto meant = nearest(name, value);
    if (!meant) continue;
    if (warnings.size() == most_warnings) {
      ++left_out;
      continue;
    }
    warnings.push_back(cat("ignoring variable ", quote(name), ": did you mean ", *meant, "?"));
  }
  if (left_out > 0) warnings.push_back(cat("ignoring ", left_out, " more variables like these"));
  return warnings;
}

namespace {

using driver::Capabilities;

std::vector<std::string_view> list_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (const std::string_view piece : split(text, ',')) {
    if (const std::string_view word = trim(piece); !word.empty()) out.push_back(word);
  }
  return out;
}

Result<Capabilities> supported_set(std::string_view supported) {
  Capabilities set = Capabilities::none;
  for (const std::string_view word : list_of(supported)) {
    const auto known = word == "all" ? Capabilities::all : capability(word);
    if (!known) {
      return Error(cat("supported-driver-capabilities: ", quote(word), " is not a capability"))
          .hint("known are all, compat32, compute, display, graphics, ngx, utility and video");
    }
    set = set | *known;
  }
  return set;
}

}  // namespace

std::optional<Capabilities> capability(std::string_view word) {
  for (const driver::CapabilityName& row : driver::capability_names) {
    if (row.word == word) return row.capability;
  }
  return std::nullopt;
}

Result<Capabilities> driver_capabilities(std::optional<std::string_view> variable,
                                         std::string_view supported, bool legacy_image) {
  const Capabilities allowed = NVBOX_TRY(supported_set(supported));
  if (!variable && legacy_image) return allowed;
  const std::vector<std::string_view> wanted = list_of(variable.value_or(""));
  if (wanted.empty()) return (Capabilities::utility | Capabilities::compute) & allowed;
  Capabilities set = Capabilities::none;
  std::string refused;
  bool everything = false;
  for (const std::string_view word : wanted) {
    everything = everything || word == "all";
    const Capabilities one = capability(word).value_or(Capabilities::none) & allowed;
    if (one == Capabilities::none && word != "all")
      refused += cat(refused.empty() ? "" : ",", word);
    set = set | one;
  }
  if (everything) return allowed;
  if (refused.empty()) return set;
  return Error(cat("unsupported capabilities found in '", *variable, "' (allowed '", supported,
                   "'): ", refused))
      .hint("correct NVIDIA_DRIVER_CAPABILITIES, or supported-driver-capabilities in config.toml");
}

}  // namespace nvbox::plan
