#include "table.h"

#include <algorithm>
#include <array>

#include "base/path.h"

namespace nvbox::applets {
namespace {

constexpr std::array applets = {
    Applet{"nvbox", run_nvbox, Group::core, "lists and starts the programs in this binary"},
    Applet{"nvbox-hook", run_nvbox_hook, Group::internal,
           "createContainer hook of the containers that nvbox edits", Caller::container_hook},
    Applet{"nvidia-cdi-hook", run_nvidia_cdi_hook, Group::cdi,
           "hooks of containers that get their GPUs from CDI specifications", Caller::tool},
    Applet{"nvidia-container-cli", run_nvidia_container_cli, Group::core,
           "tells what GPUs this host has and gives them to containers, without a runtime"},
    Applet{"nvidia-container-runtime", run_nvidia_container_runtime, Group::core,
           "OCI runtime that gives containers their GPUs and then runs runc or crun"},
    Applet{"nvidia-container-runtime-hook", run_nvidia_container_runtime_hook, Group::core,
           "prestart hook that gives containers their GPUs: docker --gpus, hooks.d",
           Caller::runtime},
    Applet{"nvidia-container-runtime.cdi", run_nvidia_container_runtime, Group::core,
           "nvidia-container-runtime in cdi mode"},
    Applet{"nvidia-container-runtime.experimental", run_nvidia_container_runtime, Group::core,
           "nvidia-container-runtime in jit-cdi mode, with a low-level runtime of its own"},
    Applet{"nvidia-container-runtime.legacy", run_nvidia_container_runtime, Group::core,
           "nvidia-container-runtime in legacy mode"},
    Applet{"nvidia-container-toolkit", run_nvidia_container_runtime_hook, Group::core,
           "old name of nvidia-container-runtime-hook", Caller::runtime},
    Applet{"nvidia-ctk", run_nvidia_ctk, Group::core,
           "configures container engines and describes this host's GPUs to them", Caller::tool},
    Applet{"nvidia-docker", run_nvidia_docker, Group::core,
           "docker, with the GPUs of NV_GPU for the containers that it starts"},
};
static_assert(std::ranges::is_sorted(applets, {}, &Applet::name));

// "-1.14.5" at the end of a name: a dash and then only digits and dots, starting with a digit.
size_t version_suffix(std::string_view name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash + 1 >= name.size()) return 0;
  const std::string_view rest = name.substr(dash + 1);
  const bool is_version = rest.find_first_not_of("0123456789.") == std::string_view::npos &&
                          rest.contains('.') && rest[0] != '.';
  return is_version ? name.size() - dash : 0;
}

}  // namespace

std::span<const Applet> all_applets() {
  return applets;
}

const Applet* find_applet(std::string_view name) {
  const auto found = std::ranges::lower_bound(applets, name, {}, &Applet::name);
  return found != applets.end() && found->name == name ? &*found : nullptr;
}

std::string_view name_of(Group group) {
  switch (group) {
    case Group::core:
      return "core";
    case Group::cdi:
      return "cdi";
    case Group::internal:
      return "internal";
  }
  return "";
}

std::string applet_name(std::string_view program) {
  std::string_view name = path::base_name(program);
  if (name.starts_with('.') && name.ends_with("-wrapped")) {
    name.remove_prefix(1);
    name.remove_suffix(std::string_view("-wrapped").size());
  }
  if (name.ends_with(".real")) name.remove_suffix(std::string_view(".real").size());
  name.remove_suffix(version_suffix(name));
  return std::string(name);
}

const Applet& choose_applet(std::string_view called, std::string_view executed,
                            std::vector<std::string_view>& arguments) {
  const Applet* const nvbox = find_applet("nvbox");
  const Applet* applet = find_applet(applet_name(called));
  if (applet == nullptr) applet = find_applet(applet_name(executed));
  if (applet != nullptr && applet != nvbox) return *applet;
  applet = arguments.empty() ? nullptr : find_applet(arguments.front());
  if (applet == nullptr) return *nvbox;
  arguments.erase(arguments.begin());
  return *applet;
}

}  // namespace nvbox::applets
