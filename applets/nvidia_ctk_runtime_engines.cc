// The engines that nvidia-ctk runtime configure knows, as a table.
#include <algorithm>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"
#include "nvbox/engine/bundled_containerd.h"
#include "nvbox/engine/command.h"
#include "nvbox/engine/containerd.h"
#include "nvbox/engine/crio.h"
#include "nvbox/engine/docker.h"
#include "nvbox/engine/podman.h"
#include "nvbox/host/root.h"
#include "nvbox/runtime/programs.h"
#include "nvidia_ctk_runtime.h"

namespace nvbox::applets::runtime_configure {
namespace {

using engine::ConfigurationFile;
using engine::RuntimeRequest;
using runtime::Program;

constexpr std::string_view runtime_name = "nvidia-container-runtime";

std::string_view search_path(const Call& call) {
  return call.environment.get("PATH").value_or("");
}

// The path of a program that can be run.
std::optional<std::string> find_program(const std::string& name, const Call& call) {
  Program program = runtime::ProgramSearch(search_path(call)).find(name);
  if (program.kind != Program::Kind::usable) return std::nullopt;
  return std::move(program.path);
}

// The engines that want a path get the peer's, or the one in PATH where that does not exist. On
// machines that are only prepared neither does.
std::string default_runtime_path(const Call& call) {
  const runtime::ProgramSearch search(search_path(call));
  std::string usual = path::join("/usr/bin", runtime_name);
  for (const std::string& name : {usual, std::string(runtime_name)}) {
    Program program = search.find(name);
    const bool is_there =
        program.kind == Program::Kind::usable || program.kind == Program::Kind::ourselves;
    if (is_there) return std::move(program.path);
  }
  call.log.warning(cat(usual, " does not exist yet"));
  return usual;
}

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

// What is in force by the engine's own word; nullopt when only its files are asked for.
Result<std::optional<std::string>> ask_engine(const Place& place, const Settings& settings,
                                              const Call& call) {
  if (settings.source != "command") return std::optional<std::string>();
  std::vector<std::string> tried;
  for (const std::string_view command : place.engine.source_commands) {
    std::vector<std::string> words;
    for (const std::string_view word : split(command, ' ')) words.emplace_back(word);
    if (!settings.executable.empty()) words.front() = settings.executable;
    const auto program = find_program(words.front(), call);
    tried.push_back(words.front());
    if (!program) continue;
    const auto result = NVBOX_TRY(
        engine::run_command(*program, {words.begin() + 1, words.end()}, search_path(call)));
    if (result.status == sys::ExitStatus{}) return std::optional(result.output);
    return Error(cat(*program, " ", join(std::span(words).subspan(1), " "),
                     " failed: ", engine::last_words(result)))
        .hint("--config-source=file reads the configuration file instead");
  }
  return Error(cat("no program ", join(tried, " or "), " is in PATH"))
      .hint("name it with --executable-path, or use --config-source=file");
}

Result<> check_source(const Place& place, const Settings& settings, const Call& call) {
  if (settings.source != "file" && settings.source != "command") {
    return Error(cat("--config-source ", quote(settings.source), " is neither file nor command"));
  }
  const bool has_commands = !place.engine.source_commands[0].empty();
  if (!has_commands && (settings.source == "command" || !settings.executable.empty())) {
    call.log.warning(
        cat("Ignoring --config-source=command and --executable-path: only the file "
            "says what is set for ",
            place.engine.name));
  }
  return {};
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
      NVBOX_TRY(engine::configure_containerd({.config_path = place.config,
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
  return Changes{{std::move(file), std::move(text)}};
}

constexpr Engine engines[] = {
    {.name = "docker",
     .config = "/etc/docker/daemon.json",
     .drop_in = "",
     .source_commands = {},
     .validator = "dockerd --validate --config-file=CONFIG",
     .configure = configure_docker},
    {.name = "containerd",
     .config = "/etc/containerd/config.toml",
     .drop_in = "/etc/containerd/conf.d/99-nvidia.toml",
     .source_commands = {"containerd config dump"},
     .validator = "containerd --config=CONFIG config dump",
     .configure = configure_containerd},
    {.name = "crio",
     .config = "/etc/crio/crio.conf",
     .drop_in = "/etc/crio/crio.conf.d/99-nvidia.toml",
     .source_commands = {"crio status config", "crio-status config"},
     .validator = "",
     .configure = configure_crio},
    {.name = "podman",
     .config = "/etc/containers/containers.conf",
     .drop_in = "/etc/containers/containers.conf.d/99-nvidia.conf",
     .source_commands = {},
     .validator = "",
     .configure = configure_podman},
};

// Where k3s and its like are the only containerd.
Result<std::optional<Place>> find_bundled(const Engine& engine, const Call& call) {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  if (NVBOX_TRY(host.stat(engine.config))) return std::optional<Place>();
  auto bundled = NVBOX_TRY(engine::find_bundled_containerd(host));
  if (!bundled) return std::optional<Place>();
  call.log.info(cat("Configuring the containerd of ", bundled->name));
  return std::optional(Place{engine, std::move(bundled->config), std::move(bundled->drop_in)});
}

}  // namespace

Result<const Engine*> find_engine(std::string_view name) {
  const auto* const found = std::ranges::find(engines, name, &Engine::name);
  if (found != std::end(engines)) return found;
  return Error(cat("unrecognized runtime ", quote(name)))
      .hint("there are docker, containerd, crio and podman");
}

Result<Place> find_place(const Engine& engine, const Settings& settings, const Call& call) {
  Place place{engine, settings.config.value_or(std::string(engine.config)), std::nullopt};
  NVBOX_TRY(check_source(place, settings, call));
  if (place.config.empty()) return Error("--config is empty");
  const std::string drop_in = settings.drop_in.value_or(std::string(engine.drop_in));
  if (engine.drop_in.empty() && !drop_in.empty()) {
    return Error(cat(engine.name, " reads one configuration file only, so --drop-in-config ",
                     quote(drop_in), " would have no effect"));
  }
  if (!drop_in.empty() && !drop_in.starts_with('/')) {
    return Error(cat("--drop-in-config ", quote(drop_in), " is not absolute"));
  }
  if (engine.name == "containerd" && !settings.config && !settings.drop_in) {
    auto bundled = NVBOX_TRY(find_bundled(engine, call));
    if (bundled) return *std::move(bundled);
  }
  if (!drop_in.empty()) place.drop_in = drop_in;
  return place;
}

Result<> validate(const Place& place, const Settings& settings, const Call& call) {
  if (place.engine.validator.empty() || engine::is_bundled(place.config)) return {};
  std::vector<std::string> words;
  for (const std::string_view word : split(place.engine.validator, ' ')) {
    const size_t at = word.find("CONFIG");
    const bool names_file = at != std::string_view::npos;
    words.push_back(names_file ? cat(word.substr(0, at), place.config) : std::string(word));
  }
  const bool is_named = place.engine.name == "containerd" && !settings.executable.empty();
  if (is_named) words.front() = settings.executable;
  const auto program = find_program(words.front(), call);
  if (!program) return {};
  const auto result =
      NVBOX_TRY(engine::run_command(*program, {words.begin() + 1, words.end()}, search_path(call)));
  if (result.status == sys::ExitStatus{}) return {};
  // dockerd before 23.0.
  if (result.error.contains("unknown flag: --validate")) return {};
  return Error(
             cat(join(words, " "), " refuses the new configuration: ", engine::last_words(result)))
      .hint("nothing is changed");
}

}  // namespace nvbox::applets::runtime_configure
