// nvbox uninstall: takes out what nvbox install made, and puts back what that saved.
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "host/root_write.h"
#include "nvbox/install.h"
#include "nvbox/install_apply.h"
#include "nvbox/install_callers.h"
#include "nvbox/install_items.h"
#include "nvbox/install_survey.h"

namespace nvbox::applets::installation {
namespace {

struct Settings {
  std::string root = "/";
  std::string bindir;
  bool is_dry = false;
};

constexpr cli::Flag<Settings> flags[] = {
    {{"bindir", "",
      "Directory of the installation (default: this program's, /usr/local/bin, or /opt/bin)"},
     &Settings::bindir},
    {{"root", "", "Directory below which it is"}, &Settings::root},
    {{"dry-run", "", "Print what would be done, and do nothing"}, &Settings::is_dry},
};

Result<std::string> installed_place(const host::Root& root, const Settings& settings) {
  if (!settings.bindir.empty()) return checked_directory("--bindir", settings.bindir);
  std::vector<std::string> places = {"/usr/local/bin", "/opt/bin"};
  const auto own = settings.root == "/" ? own_directory() : std::nullopt;
  if (own) places.insert(places.begin(), *own);
  for (const std::string& place : places) {
    const auto manifest = root.stat(Target{root, place}.manifest_path());
    if (manifest && *manifest) return place;
  }
  return places.front();
}

std::set<std::string> paths_removed(std::span<const Removal> removals) {
  std::set<std::string> paths;
  for (const auto& [what, path] : removals) {
    if (what == Removal::What::remove) paths.insert(path);
  }
  return paths;
}

std::string describe_specifications(std::span<const std::string> files) {
  std::string text;
  for (const std::string& file : files) {
    text += cat("remove ", file, ", whose hooks are removed\n");
  }
  return text;
}

Result<int> uninstall(const Settings& settings) {
  const host::Root root = NVBOX_TRY(host::Root::open(settings.root).in("--root"));
  std::string place = NVBOX_TRY(installed_place(root, settings));
  const Target target = {root, std::move(place)};
  const sys::Fd lock_holder = NVBOX_TRY(lock(target));
  const Manifest installed = NVBOX_TRY(read_manifest(target));
  const std::string name = path::join(root.path(), target.bindir);
  if (installed.empty()) {
    if (!settings.is_dry) NVBOX_TRY(remove_leftovers(target, {}));
    const std::string others = NVBOX_TRY(other_installations(root, ""));
    NVBOX_TRY(print(cat("nvbox has installed nothing in ", name, "\n", others)));
    return 0;
  }
  const std::set<std::string> paths = paths_of({}, installed);
  const auto present = NVBOX_TRY(look_at(root, paths));
  const std::vector<Removal> removals = plan_removal(installed, in_map(present));
  const std::set<std::string> gone = paths_removed(removals);
  const std::vector<std::string> specifications = NVBOX_TRY(made_specifications(root, gone));
  const std::string text =
      cat(describe(removals), describe_specifications(specifications),
          NVBOX_TRY(callers_note(root, gone)), NVBOX_TRY(other_installations(root, target.bindir)));
  if (settings.is_dry) {
    NVBOX_TRY(print(cat(text, "nothing was done: this is a dry run\n")));
    return 0;
  }
  NVBOX_TRY(remove_leftovers(target, paths));
  for (const std::string& file : specifications) NVBOX_TRY(host::remove_file(root, file));
  NVBOX_TRY(carry_out(target, removals, installed));
  NVBOX_TRY(print(cat(text, "uninstalled nvbox in ", name, "\n")));
  return 0;
}

}  // namespace

Result<int> run_uninstall(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<Settings>(invocation, flags));
  if (line.exit_status) return *line.exit_status;
  return uninstall(line.settings);
}

}  // namespace nvbox::applets::installation
