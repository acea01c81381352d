// The engines that nvidia-ctk runtime configure knows, as a table.
#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "engine/bundled_containerd.h"
#include "engine/containerd.h"
#include "engine/crio.h"
#include "engine/docker.h"
#include "engine/podman.h"
#include "host/root.h"
#include "nvidia_ctk/cdi_generate.h"
#include "nvidia_ctk/runtime.h"
#include "spec/cdi_stamp.h"

namespace nvbox::applets::runtime_configure {
namespace {

using engine::ConfigurationFile;
using engine::RuntimeRequest;

enum class PathOf { anywhere, absolute };

Result<RuntimeRequest> request_for(const Settings& settings, PathOf wanted, const Call& call) {
  RuntimeRequest request = {.name = settings.name,
                            .path = settings.runtime_path,
                            .set_as_default = settings.set_as_default,
                            .enable_cdi = settings.enable_cdi};
  if (request.name.empty()) return Error("the name of the runtime is empty");
  if (request.path.empty()) return Error("the path of the runtime is empty");
  if (wanted == PathOf::anywhere) return request;
  if (request.path == runtime_name) request.path = default_runtime_path(call);
  if (!request.path.starts_with('/')) {
    return Error(cat("the path of the runtime, ", quote(request.path), ", is not absolute"));
  }
  return request;
}

Result<Changes> configure_docker(const Place& place, const Settings& settings, const Call& call) {
  const RuntimeRequest request = NVBOX_TRY(request_for(settings, PathOf::anywhere, call));
  ConfigurationFile file = NVBOX_TRY(engine::read_configuration(place.config));
  std::string text =
      NVBOX_TRY(engine::configure_docker(file.text.value_or(""), request).in(place.config));
  return Changes{{std::move(file), std::move(text)}};
}

Result<Changes> configure_containerd(const Place& place, const Settings& settings,
                                     const Call& call) {
  const RuntimeRequest request = NVBOX_TRY(request_for(settings, PathOf::absolute, call));
  ConfigurationFile config = NVBOX_TRY(engine::read_configuration(place.config));
  ConfigurationFile drop_in;
  if (place.drop_in) drop_in = NVBOX_TRY(engine::read_configuration(*place.drop_in));
  auto dump = NVBOX_TRY(ask_engine(place, settings, call));
  engine::ContainerdTexts texts =
      NVBOX_TRY(engine::configure_containerd({.config_path = config.path,
                                              .config = config.text.value_or(""),
                                              .dump = std::move(dump),
                                              .drop_in_path = place.drop_in,
                                              .drop_in = drop_in.text.value_or("")},
                                             request));
  const auto maker = engine::maker_of(place.config);
  if (maker && texts.config != config.text.value_or("")) {
    call.log.warning(
        cat(*maker, " writes ", place.config, " anew at each start, which loses this change"));
  }
  // What is imported comes first, so that containerd never reads an import of nothing.
  Changes changes;
  if (texts.drop_in) changes.push_back({std::move(drop_in), std::move(texts.drop_in)});
  changes.push_back({std::move(config), std::move(texts.config)});
  return changes;
}

// crio.conf and what the directory of the drop-in has, in the order in which CRI-O reads them.
Result<std::vector<engine::NamedText>> crio_files(const Place& place) {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  std::vector<std::string> paths = {place.config};
  if (place.drop_in) {
    const std::string_view directory = path::parent(*place.drop_in);
    const auto names = NVBOX_TRY(host.list(directory));
    for (const std::string& name : names.value_or(std::vector<std::string>())) {
      paths.push_back(path::join(directory, name));
    }
  }
  std::vector<engine::NamedText> texts;
  for (const std::string& path : paths) {
    auto text = NVBOX_TRY(host.read(path).in(path));
    if (text) texts.push_back({path, std::move(*text)});
  }
  return texts;
}

Result<Changes> configure_crio(const Place& place, const Settings& settings, const Call& call) {
  const RuntimeRequest request = NVBOX_TRY(request_for(settings, PathOf::absolute, call));
  if (settings.enable_cdi) call.log.warning("Ignoring --cdi.enabled: CRI-O always uses CDI");
  ConfigurationFile file =
      NVBOX_TRY(engine::read_configuration(place.drop_in.value_or(place.config)));
  auto status = NVBOX_TRY(ask_engine(place, settings, call));
  std::vector<engine::NamedText> sources;
  if (status) sources.push_back({"crio status config", std::move(*status)});
  if (sources.empty()) sources = NVBOX_TRY(crio_files(place));
  std::string text =
      NVBOX_TRY(engine::configure_crio(file.text.value_or(""), sources, request).in(file.path));
  return Changes{{std::move(file), std::move(text)}};
}

Result<Changes> configure_podman(const Place& place, const Settings& settings, const Call& call) {
  const RuntimeRequest request = NVBOX_TRY(request_for(settings, PathOf::absolute, call));
  ConfigurationFile file =
      NVBOX_TRY(engine::read_configuration(place.drop_in.value_or(place.config)));
  std::string text =
      NVBOX_TRY(engine::configure_podman(file.text.value_or(""), request).in(file.path));
  Changes changes = {{std::move(file), std::move(text)}};
  if (settings.enable_cdi) {
    ConfigurationFile specification =
        NVBOX_TRY(engine::read_configuration(place.engine.specification));
    const auto purpose = settings.dry_run ? ctk_cdi::Purpose::print : ctk_cdi::Purpose::write;
    const std::string devices = NVBOX_TRY(
        ctk_cdi::default_specification(call, purpose, newest_cdi_version_of_podman(call)));
    changes.push_back({std::move(specification), spec::add_kept_comment(devices)});
  }
  return changes;
}

constexpr Engine engines[] = {
    {.name = "docker",
     .config = "/etc/docker/daemon.json",
     .drop_in = "",
     .source_commands = {},
     .default_command = "",
     .validator = "dockerd --validate --config-file=CONFIG",
     .specification = "",
     .configure = configure_docker},
    {.name = "containerd",
     .config = "/etc/containerd/config.toml",
     .drop_in = "/etc/containerd/conf.d/99-nvidia.toml",
     .source_commands = {"containerd --config=CONFIG config dump"},
     .default_command = "containerd config default",
     .validator = "containerd --config=CONFIG config dump",
     .specification = "",
     .configure = configure_containerd},
    {.name = "crio",
     .config = "/etc/crio/crio.conf",
     .drop_in = "/etc/crio/crio.conf.d/99-nvidia.toml",
     .source_commands = {"crio status config", "crio-status config"},
     .default_command = "",
     .validator = "",
     .specification = "",
     .configure = configure_crio},
    {.name = "podman",
     .config = "/etc/containers/containers.conf",
     .drop_in = "/etc/containers/containers.conf.d/99-nvidia.conf",
     .source_commands = {},
     .default_command = "",
     .validator = "",
     .specification = ctk_cdi::kept_specification,
     .configure = configure_podman},
};

}  // namespace

Result<const Engine*> find_engine(std::string_view name) {
  const auto* const found = std::ranges::find(engines, name, &Engine::name);
  if (found != std::end(engines)) return found;
  return Error(cat("unrecognized runtime ", quote(name)))
      .hint("there are docker, containerd, crio and podman");
}

}  // namespace nvbox::applets::runtime_configure
