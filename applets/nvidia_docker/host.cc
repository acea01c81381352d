#include "nvidia_docker/host.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "host/locate.h"

namespace nvbox::applets::docker {
namespace {

constexpr std::string_view system_sockets[] = {"unix:///var/run/docker.sock",
                                               "unix:///run/docker.sock"};
constexpr std::string_view cdi_directories[] = {"/etc/cdi", "/var/run/cdi"};
constexpr std::string_view cdi_kind = "nvidia.com/gpu";
constexpr std::string_view hook = "nvidia-container-runtime-hook";

std::string variable(const host::Environment& environment, std::string_view name) {
  return std::string(environment.get(name).value_or(""));
}

Daemon daemon_at(std::string_view address) {
  if (address.empty() || std::ranges::find(system_sockets, address) != std::end(system_sockets)) {
    return Daemon::system;
  }
  if (address.starts_with("unix:///run/user/")) return Daemon::rootless;
  return address.starts_with("unix://") ? Daemon::other : Daemon::elsewhere;
}

// The daemon.json that the daemon reads when nothing else is said; "" when that is not known.
std::string configuration_of(Daemon daemon, const host::Environment& environment) {
  if (daemon == Daemon::system) return "/etc/docker/daemon.json";
  if (daemon != Daemon::rootless) return "";
  const std::string config_home = variable(environment, "XDG_CONFIG_HOME");
  if (!config_home.empty()) return path::join(config_home, "docker/daemon.json");
  const std::string home = variable(environment, "HOME");
  return home.empty() ? "" : path::join(home, ".config/docker/daemon.json");
}

struct Knowledge {
  bool has_runtime = false;
  bool refuses_cdi = false;
};

// An error where nothing can be known: the file may be root's alone.
Result<Knowledge> read_configuration(const host::Root& host, std::string_view file) {
  const auto text = NVBOX_TRY(host.read(file));
  if (!text) return Knowledge{};
  const data::Json document = NVBOX_TRY(data::parse_json(*text));
  const data::JsonPlace root(document);
  Knowledge knowledge;
  if (const auto runtimes = NVBOX_TRY(root.member("runtimes"))) {
    const auto nvidia = NVBOX_TRY(runtimes->member("nvidia"));
    knowledge.has_runtime = nvidia.has_value();
  }
  if (const auto features = NVBOX_TRY(root.member("features"))) {
    const auto cdi = NVBOX_TRY(features->member("cdi"));
    knowledge.refuses_cdi = cdi && cdi->value() == false;
  }
  return knowledge;
}

bool is_part_of_kind(char character) {
  constexpr std::string_view others = "._-/";
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         is_digit(character) || others.contains(character);
}

// The text is not parsed: a specification has some 50 KB, and docker will parse it anyway. Longer
// kinds do not count ("k8s.device-plugin.nvidia.com/gpu").
bool mentions_kind(std::string_view text) {
  for (size_t at = text.find(cdi_kind); at != std::string_view::npos;
       at = text.find(cdi_kind, at + 1)) {
    const std::string_view behind = text.substr(at + cdi_kind.size());
    const bool begins = at == 0 || !is_part_of_kind(text[at - 1]);
    if (begins && (behind.empty() || !is_part_of_kind(behind.front()))) return true;
  }
  return false;
}

// What may not be read counts as absent.
std::optional<std::string> find_cdi_specification(const host::Root& host) {
  for (const std::string_view directory : cdi_directories) {
    const auto names = host.list(directory);
    if (!names || !*names) continue;
    for (const std::string& name : **names) {
      if (!name.ends_with(".json") && !name.ends_with(".yaml")) continue;
      std::string file = path::join(directory, name);
      const auto text = host.read(file);
      if (text && *text && mentions_kind(**text)) return file;
    }
  }
  return std::nullopt;
}

std::optional<std::string> find_hook(const host::Root& host, std::string_view search_path) {
  std::vector<std::string> directories;
  for (const std::string_view directory : split(search_path, ':')) {
    if (directory.starts_with('/')) directories.emplace_back(directory);
  }
  const auto found = host::Locator(host).find_first(directories, hook, host::Sought::program);
  if (!found || !*found) return std::nullopt;
  return (*found)->place;
}

// The directory of docker's own config.json.
std::string configuration_directory(const DockerOptions& globals,
                                    const host::Environment& environment) {
  if (globals.config) return *globals.config;
  std::string directory = variable(environment, "DOCKER_CONFIG");
  if (!directory.empty()) return directory;
  const std::string home = variable(environment, "HOME");
  return home.empty() ? "" : path::join(home, ".docker");
}

Result<std::string> read_context(const host::Root& host, std::string_view file) {
  const auto text = NVBOX_TRY(host.read(file));
  if (!text) return "";
  const data::Json document = NVBOX_TRY(data::parse_json(*text));
  const auto context = NVBOX_TRY(data::JsonPlace(document).string("currentContext"));
  return context.value_or("");
}

}  // namespace

Daemon daemon_of(const Route& route) {
  const bool is_addressed = route.globals.host || !route.docker_host.empty();
  std::string context = route.globals.context.value_or("");
  if (context.empty() && !is_addressed) {
    context = route.docker_context.empty() ? route.chosen_context : route.docker_context;
  }
  // What dockerd-rootless-setuptool.sh makes and chooses.
  if (context == "rootless") return Daemon::rootless;
  if (!context.empty() && context != "default") return Daemon::elsewhere;
  return daemon_at(route.globals.host.value_or(route.docker_host));
}

std::string chosen_context(const host::Root& host, const DockerOptions& globals,
                           const host::Environment& environment) {
  const std::string directory = configuration_directory(globals, environment);
  // A relative one is below the working directory, not below the root.
  if (!directory.starts_with('/')) return "";
  const Result<std::string> context = read_context(host, path::join(directory, "config.json"));
  return context ? *context : "";
}

Choice choose_mode(const host::Root& host, Daemon daemon, const host::Environment& environment) {
  const std::string file = configuration_of(daemon, environment);
  if (file.empty()) return {};
  const Result<Knowledge> knowledge = read_configuration(host, file);
  if (!knowledge || knowledge->has_runtime) return {};
  const std::string lack = cat(file, " has no runtime nvidia, ");
  if (!knowledge->refuses_cdi) {
    const auto specification = find_cdi_specification(host);
    if (specification)
      return {Injection::cdi, cat(lack, *specification, " is a CDI specification")};
  }
  const auto program = find_hook(host, variable(environment, "PATH"));
  if (program) return {Injection::gpus, cat(lack, "there is ", *program)};
  return {};
}

}  // namespace nvbox::applets::docker
