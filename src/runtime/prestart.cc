#include "runtime/prestart.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/mode.h"
#include "plan/request.h"
#include "runtime/spec_file.h"
#include "spec/cdi.h"
#include "spec/oci.h"

namespace nvbox::runtime {
namespace {

using data::JsonPlace;

// What the hook needs to know of a config.json beside what is asked for.
struct Bundle {
  std::string rootfs{};        // absolute
  std::string cgroups_path{};  // linux.cgroupsPath
  // The runtime's own specification already gives the container the nodes, and their cgroup rules.
  bool has_gpu_nodes = false;
};

Error lacks(std::string_view member) {
  return Error(cat(member, " is missing")).hint("it is not the specification of an OCI container");
}

Result<> read_linux(const JsonPlace& document, Bundle& bundle) {
  const std::optional<JsonPlace> linux_part = NVBOX_TRY(document.member("linux"));
  if (!linux_part) return {};
  bundle.cgroups_path = NVBOX_TRY(linux_part->string("cgroupsPath")).value_or("");
  for (const JsonPlace& device : NVBOX_TRY(linux_part->elements("devices"))) {
    const std::string path = NVBOX_TRY(device.string("path")).value_or("");
    bundle.has_gpu_nodes = bundle.has_gpu_nodes || path.starts_with("/dev/nvidia");
  }
  return {};
}

Result<Bundle> read_bundle(const spec::OciSpec& spec, const std::string& directory) {
  const JsonPlace document(spec.document());
  const std::string version = NVBOX_TRY(document.string("ociVersion")).value_or("");
  if (version.empty()) return lacks("ociVersion");
  const std::optional<JsonPlace> process = NVBOX_TRY(document.member("process"));
  if (!process) return lacks("process");
  if (!NVBOX_TRY(document.member("root"))) return lacks("root");
  Bundle bundle;
  bundle.rootfs = NVBOX_TRY(spec.root_directory(directory));
  if (bundle.rootfs.empty()) return lacks("root.path");
  NVBOX_TRY(read_linux(document, bundle));
  return bundle;
}

// systemd's form "slice:prefix:name", or the path of one of its units.
bool is_of_systemd(std::string_view cgroups_path) {
  if (std::ranges::count(cgroups_path, ':') == 2) return true;
  const std::vector<std::string_view> parts = path::components(cgroups_path);
  return std::ranges::any_of(parts, [](std::string_view part) {
    return part.ends_with(".slice") || part.ends_with(".scope");
  });
}

// Device rules that a hook adds are not systemd's own, which it applies again when it is reloaded
// and when a property of the unit changes: `docker update`, `podman update` and the kubelet's CPU
// manager do that (systemd 262, Docker 28.5, cgroup v2). Ours tells systemd of them
// (sys/unit_devices.h).
void warn_of_systemd(const Bundle& bundle, const config::Config& config, const Log& log) {
  if (config.cli.no_cgroups || bundle.has_gpu_nodes || !is_of_systemd(bundle.cgroups_path)) return;
  log.warning(cat("the container's cgroup ", quote(bundle.cgroups_path),
                  " is systemd's: it loses its GPUs at the next systemctl daemon-reload or docker "
                  "update, because nvidia-container-cli.path of config.toml is a program that does "
                  "not tell systemd of them; leave it empty, or use --runtime=nvidia or CDI"));
}

Result<> check_mode(const plan::Request& request, const config::Config& config) {
  if (!config.hook.strict_mode_detection || config.hook.skip_mode_detection) return {};
  const bool names_cdi_devices = request.ask == plan::Ask::listed &&
                                 std::ranges::all_of(request.devices, spec::is_qualified_name);
  std::string mode = config.runtime.mode;
  if (mode == "auto") mode = names_cdi_devices ? "cdi" : "legacy";
  if (mode == "legacy") return {};
  return Error(cat("the mode is ", mode, ", and strict-mode-detection allows the hook only legacy"))
      .hint(
          "use nvidia-container-runtime (docker: --runtime=nvidia), or set "
          "nvidia-container-runtime-hook.skip-mode-detection");
}

Result<plan::Request> read_request(const spec::OciSpec& spec, const config::Config& config) {
  const spec::ContainerView container = NVBOX_TRY(spec.view());
  return plan::request_of(container, config, plan::Annotations::ignore);
}

}  // namespace

Result<std::optional<ConfigureCall>> prestart_call(const spec::OciState& state,
                                                   const config::Config& config, HookDebug debug,
                                                   ConfiguredBy program, const Log& log) {
  if (state.pid.value_or(0) <= 0) return Error("container state: pid is missing");
  if (state.bundle.empty()) return Error("container state: bundle is missing");
  const std::string path = path::join(state.bundle, "config.json");
  const SpecFile file = NVBOX_TRY(SpecFile::open(path));
  const spec::OciSpec spec = NVBOX_TRY(file.read());
  const Bundle bundle = NVBOX_TRY(read_bundle(spec, state.bundle).in(path));
  plan::Request request = NVBOX_TRY(read_request(spec, config));
  // First: the system log takes few lines at once, and an image can make others.
  if (program == ConfiguredBy::another_program && request.ask != plan::Ask::nothing) {
    warn_of_systemd(bundle, config, log);
  }
  for (const std::string& warning : request.warnings) log.warning(warning);
  if (request.ask == plan::Ask::nothing) return std::nullopt;
  NVBOX_TRY(check_mode(request, config));
  request = NVBOX_TRY(plan::with_native_names(std::move(request), config));
  const ConfigureTarget target = {.pid = *state.pid,
                                  .rootfs = bundle.rootfs,
                                  .debug_on_standard_error = debug == HookDebug::on_standard_error,
                                  .ldconfig = normal_ldconfig(config.cli.ldconfig)};
  return configure_call(request, config, target);
}

}  // namespace nvbox::runtime
