#include "nvidia_ctk/runtime.h"

#include <algorithm>

#include "base/text.h"
#include "engine/podman.h"
#include "engine/unified_diff.h"

namespace nvbox::applets {
namespace {

using engine::FileChange;
using runtime_configure::Changes;
using runtime_configure::Place;
using runtime_configure::Settings;

constexpr cli::Flag<Settings> flags[] = {
    {{"runtime", "", "The engine to configure: docker, containerd, crio or podman"},
     &Settings::engine},
    {{"config", "", "The engine's configuration file, instead of its usual one"},
     &Settings::config},
    {{"drop-in-config", "",
      "The file that holds the runtime for engines that read several, an absolute path; empty: "
      "everything goes into the configuration file itself"},
     &Settings::drop_in},
    {{"config-source", "",
      "What the runtime inherits options from: the configuration \"file\", or the \"command\" of "
      "containerd or crio that prints what is in force"},
     &Settings::source},
    {{"executable-path", "", "The engine's program for --config-source=command"},
     &Settings::executable},
    {{"config-mode", "",
      "\"config-file\", or \"oci-hook\" for the file of hooks.d that podman and crio read"},
     &Settings::mode},
    {{"oci-hook-path", "", "The file for --config-mode=oci-hook, instead of standard output"},
     &Settings::oci_hook_path},
    {{"nvidia-runtime-name", "", "What users of the engine call the runtime"}, &Settings::name},
    {{"nvidia-runtime-path runtime-path", "",
      "The runtime's program; docker looks for a name without directories in PATH"},
     &Settings::runtime_path},
    {{"nvidia-runtime-hook-path", "", "The hook for --config-mode=oci-hook"}, &Settings::hook_path},
    {{"nvidia-set-as-default set-as-default", "", "Make it the engine's default runtime"},
     &Settings::set_as_default},
    {{"cdi.enabled cdi.enable enable-cdi", "",
      "Let docker or containerd use CDI specifications, write one for podman; CRI-O needs no "
      "switch"},
     &Settings::enable_cdi},
    {{"dry-run", "",
      "Write nothing; print what would change as a unified diff for `patch -d / -p1`"},
     &Settings::dry_run},
    {{"rollback", "",
      "Bring back, byte for byte, what was there before the first call, which keeps it beside the "
      "file as FILE.nvbox-before, or as FILE.nvbox-absent when there was no file; needs the same "
      "--config and --drop-in-config"},
     &Settings::rollback},
};

bool is_hook_mode(const Settings& settings) {
  return settings.mode == "oci-hook" || settings.mode == "hook";
}

Result<> print_diff(const Changes& changes) {
  for (const FileChange& change : changes) {
    if (!change.changes()) continue;
    NVBOX_TRY(print(engine::unified_diff(change.file.real_path, change.file.text, change.text)));
  }
  return {};
}

void tell(const Changes& changes, const Log& log) {
  for (const FileChange& change : changes) {
    if (!change.changes()) {
      log.info(cat(change.file.path, " needs no change"));
      continue;
    }
    log.info(cat(change.text ? "Wrote updated config to " : "Removed ", change.file.path));
  }
}

using Check = std::function<Result<>()>;

Result<> apply(const Changes& changes, const Settings& settings, const Check& check,
               const Log& log) {
  if (settings.dry_run) return print_diff(changes);
  NVBOX_TRY(engine::make_changes(changes, engine::Keep::first, check));
  tell(changes, log);
  return {};
}

Result<> roll_back(const std::vector<std::string>& paths, const Settings& settings,
                   const Log& log) {
  Changes changes;
  for (const std::string& path : paths) {
    const engine::ConfigurationFile file = NVBOX_TRY(engine::read_configuration(path));
    auto change = NVBOX_TRY(engine::restored(file));
    if (change) changes.push_back(std::move(*change));
  }
  if (changes.empty()) {
    return Error(cat("nothing was kept for ", join(paths, " and "),
                     ": they were not configured, or were rolled back already"));
  }
  if (settings.dry_run) return print_diff(changes);
  NVBOX_TRY(engine::make_changes(changes, engine::Keep::nothing, [] { return Result<>(); }));
  for (const FileChange& change : changes) NVBOX_TRY(engine::forget(change.file));
  tell(changes, log);
  return {};
}

Result<> configure_hook(const Settings& settings, const Call& call) {
  const std::string text = NVBOX_TRY(engine::oci_hook(settings.hook_path));
  if (settings.oci_hook_path.empty()) return print(text);
  if (settings.rollback) return roll_back({settings.oci_hook_path}, settings, call.log);
  const Changes changes = {{NVBOX_TRY(engine::read_configuration(settings.oci_hook_path)), text}};
  return apply(
      changes, settings, [] { return Result<>(); }, call.log);
}

Result<> configure_engine(const Settings& settings, const Call& call) {
  const auto* const engine = NVBOX_TRY(runtime_configure::find_engine(settings.engine));
  const Place place = NVBOX_TRY(find_place(*engine, settings, call));
  if (settings.rollback) {
    // The other way round: what imports the drop-in goes before it.
    std::vector<std::string> paths = {place.config};
    if (place.drop_in) paths.push_back(*place.drop_in);
    if (!engine->specification.empty()) paths.emplace_back(engine->specification);
    return roll_back(paths, settings, call.log);
  }
  const Changes changes = NVBOX_TRY(engine->configure(place, settings, call));
  const auto check = [&] { return validate(place, settings, call); };
  NVBOX_TRY(apply(changes, settings, check, call.log));
  const bool is_written = !settings.dry_run && std::ranges::any_of(changes, &FileChange::changes);
  if (is_written && engine->name != "podman") {
    call.log.info(cat("It is recommended that ", engine->name, " daemon be restarted."));
  }
  return {};
}

Result<int> run_configure(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<Settings>(invocation, flags));
  if (line.exit_status) return *line.exit_status;
  const Settings& settings = line.settings;
  if (is_hook_mode(settings)) {
    NVBOX_TRY(configure_hook(settings, invocation.call));
    return 0;
  }
  constexpr std::string_view known_modes[] = {"", "config", "config-file"};
  if (std::ranges::find(known_modes, settings.mode) == std::end(known_modes)) {
    invocation.call.log.warning(
        cat("Ignoring unknown config mode ", quote(settings.mode), " for ", settings.engine));
  }
  NVBOX_TRY(configure_engine(settings, invocation.call));
  return 0;
}

constexpr CommandRow commands[] = {
    {.names = "configure",
     .summary = "Add nvidia-container-runtime to the configuration of an engine",
     .run = run_configure},
};

}  // namespace

std::span<const CommandRow> runtime_commands() {
  return commands;
}

}  // namespace nvbox::applets
