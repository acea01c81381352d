// Where the files of an engine are.
#include "base/text.h"
#include "engine/bundled_containerd.h"
#include "host/root.h"
#include "nvidia_ctk/runtime.h"

namespace nvbox::applets::runtime_configure {
namespace {

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

}  // namespace nvbox::applets::runtime_configure
