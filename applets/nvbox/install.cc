// nvbox install: the binary puts itself into a directory, with the links of its programs.
#include "nvbox/install.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "base/version.h"
#include "host/locate.h"
#include "nvbox/install_apply.h"
#include "nvbox/install_items.h"
#include "nvbox/install_survey.h"

namespace nvbox::applets::installation {
namespace {

struct Settings {
  std::string root = "/";
  std::string bindir;
  std::optional<std::string> prefix_links{};  // "" for none
  Claim links_claim = Claim::contested;
  bool is_dry = false;
  bool is_forced = false;
  bool has_cdi_hook = false;
  bool has_units = false;
  std::string library{};
};

constexpr cli::Flag<Settings> flags[] = {
    {{"bindir", "",
      "Directory for the binary and its links (default: /usr/local/bin, or /opt/bin)"},
     &Settings::bindir},
    {{"root", "", "Install below this directory, for images; other paths are meant below it"},
     &Settings::root},
    {{"prefix-links", "",
      "Directory for links to the programs beside those in --bindir, such as /usr/bin; empty: "
      "none"},
     &Settings::prefix_links},
    {{"with-cdi-hook", "", "Install nvidia-cdi-hook, although no engine here uses CDI"},
     &Settings::has_cdi_hook},
    {{"with-units", "", "Install the units of systemd, although it does not run here"},
     &Settings::has_units},
    {{"with-library", "",
      "Install this libnvidia-container.so.1 as well, for programs of the C interface, in ../lib "
      "of "
      "--bindir"},
     &Settings::library},
    {{"force", "", "Replace files of others, keeping them as NAME.nvbox-saved"},
     &Settings::is_forced},
    {{"dry-run", "", "Print what would be done, and do nothing"}, &Settings::is_dry},
};

// The directory of links that an earlier run made besides those in `bindir`; "" when it made none.
std::string earlier_links(const Target& target, const Manifest& installed) {
  const auto found = std::ranges::find_if(installed, [&](const Record& record) {
    return record.kind == Kind::link &&
           !is_same_directory(target.root, path::parent(record.path), target.bindir);
  });
  return found == installed.end() ? "" : std::string(path::parent(found->path));
}

// What an earlier run was told to install is kept up to date without being told again.
Settings with_earlier(Settings settings, const Manifest& installed, const Target& target) {
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(
        installed, [&](const Record& record) { return path::base_name(record.path) == name; });
  };
  settings.has_cdi_hook = settings.has_cdi_hook || has("nvidia-cdi-hook");
  if (!settings.prefix_links) {
    settings.prefix_links = earlier_links(target, installed);
    settings.links_claim = Claim::yielding;
  }
  settings.has_units = settings.has_units || has("nvidia-cdi-refresh.service");
  return settings;
}

// The caller's PATH, and for another root the usual one.
std::vector<std::string> program_directories(const Call& call, const Settings& settings) {
  const auto path = call.environment.get("PATH");
  if (settings.root != "/" || !path) return host::program_directories("");
  std::vector<std::string> directories;
  for (const std::string_view directory : split(*path, ':')) {
    if (directory.starts_with('/')) directories.emplace_back(directory);
  }
  return directories;
}

Result<Place> place_for(const host::Root& root, const Settings& settings) {
  if (settings.bindir.empty()) return default_place(root);
  const std::string bindir = NVBOX_TRY(checked_directory("--bindir", settings.bindir));
  NVBOX_TRY(check_writable(root, bindir).hint("--bindir chooses another directory"));
  return Place{bindir};
}

CdiHook choose_cdi_hook(const Invocation& invocation, const host::Root& root,
                        const Settings& settings, std::string& notes) {
  if (settings.has_cdi_hook) return CdiHook::yes;
  const auto reason = cdi_engine(root, program_directories(invocation.call, settings));
  notes += reason ? cat("nvidia-cdi-hook is installed because ", *reason,
                        "; Docker 29.2 and later then uses CDI for --gpus\n")
                  : "nvidia-cdi-hook is left out, because no engine here uses CDI; "
                    "--with-cdi-hook installs it\n";
  return reason ? CdiHook::yes : CdiHook::no;
}

// Adds the links of --prefix-links, or says what they are for where they are not asked for.
Result<> add_links(const Target& target, const Settings& settings, std::vector<Item>& items,
                   std::string& notes) {
  constexpr std::string_view usual = "/usr/bin";
  if (settings.prefix_links.value_or("").empty()) {
    if (is_same_directory(target.root, target.bindir, usual)) return {};
    notes += cat("NVIDIA's device plugin, k3s and Kata look for these programs in ", usual,
                 "; --prefix-links=", usual, " makes links there\n");
    return {};
  }
  const std::string directory =
      NVBOX_TRY(checked_directory("--prefix-links", *settings.prefix_links));
  if (is_same_directory(target.root, directory, target.bindir)) {
    return Error(cat("--prefix-links=", directory, " is where the programs are anyway"));
  }
  const Result<> check = check_writable(target.root, directory);
  if (!check && settings.links_claim == Claim::yielding) {
    notes += cat("links in ", directory, " are left as they are: ", check.error().message(), "\n");
    return {};
  }
  NVBOX_TRY(Result<>(check).in("--prefix-links"));
  std::ranges::move(more_links(directory, items, settings.links_claim), std::back_inserter(items));
  return {};
}

// What the manifest has of links that are neither beside the binary nor where --prefix-links wants
// them, and of files that they replaced.
Manifest links_to_remove(const Target& target, const Settings& settings,
                         const Manifest& installed) {
  if (!settings.prefix_links) return {};
  std::set<std::string> paths;
  for (const Record& record : installed) {
    const std::string_view directory = path::parent(record.path);
    const bool is_wanted = is_same_directory(target.root, directory, target.bindir) ||
                           is_same_directory(target.root, directory, *settings.prefix_links);
    if (record.kind == Kind::link && !is_wanted) paths.insert(record.path);
  }
  Manifest records;
  std::ranges::copy_if(installed, std::back_inserter(records),
                       [&](const Record& record) { return paths.contains(record.path); });
  return records;
}

// Without those that nobody needs in directories that cannot be written to.
std::vector<Item> possible(const host::Root& root, std::vector<Item> items, std::string& notes) {
  std::erase_if(items, [&](const Item& item) {
    const auto check = check_writable(root, std::string(path::parent(item.path)));
    if (item.need == Need::required || check) return false;
    notes += cat(item.path, " is left out: ", check.error().message(), "\n");
    return true;
  });
  return items;
}

Result<std::vector<Item>> items_for(const Invocation& invocation, const Target& target,
                                    const Settings& settings, std::string& notes) {
  const CdiHook cdi_hook = choose_cdi_hook(invocation, target.root, settings, notes);
  std::vector<Item> items = programs(target.bindir, NVBOX_TRY(own_binary()), cdi_hook);
  NVBOX_TRY(add_links(target, settings, items, notes));
  // What sd_booted(3) looks at.
  const auto systemd = target.root.stat("/run/systemd/system");
  if (settings.has_units || (systemd && *systemd)) {
    std::ranges::move(units(target.bindir), std::back_inserter(items));
  }
  std::ranges::move(NVBOX_TRY(manuals(target.bindir, items)), std::back_inserter(items));
  if (!settings.library.empty()) {
    items.push_back(NVBOX_TRY(library(target.bindir, settings.library).in("--with-library")));
    notes += cat(items.back().path, ": where the loader has a cache, ldconfig adds it\n");
  }
  items.push_back(default_configuration(target.root));
  return possible(target.root, std::move(items), notes);
}

Error refusal(const host::Root& root, std::span<const Obstacle> obstacles) {
  std::string text = "files of others are in the way: ";
  std::string_view separator;
  for (const Obstacle& obstacle : obstacles) {
    text += cat(separator, obstacle.path, " ", obstacle.reason);
    separator = ", ";
  }
  const std::string_view rpm = has_rpm_database(root)
                                   ? "; rpm's database is not read here, 'rpm -qf FILE' names the "
                                     "package of a file"
                                   : "";
  return Error(std::move(text))
      .hint(cat("remove them, choose another --bindir, or let --force keep them as "
                "NAME.nvbox-saved",
                rpm));
}

std::string units_note(std::span<const Step> steps) {
  const bool has_units = std::ranges::any_of(steps, [](const Step& step) {
    return step.what != Step::What::keep && step.item->path.ends_with(".path");
  });
  return has_units ? "to keep the CDI specification up to date: systemctl enable --now "
                     "nvidia-cdi-refresh.path nvidia-cdi-refresh.service\n"
                   : "";
}

Result<int> install(const Invocation& invocation, const Settings& settings) {
  const host::Root root = NVBOX_TRY(host::Root::open(settings.root).in("--root"));
  const Place place = NVBOX_TRY(place_for(root, settings));
  const Target target = {root, place.bindir};
  const sys::Fd lock_holder = NVBOX_TRY(lock(target));
  const Manifest installed = NVBOX_TRY(read_manifest(target));
  std::string text = place.note ? cat(*place.note, "\n") : "";
  const std::vector<Item> items =
      NVBOX_TRY(items_for(invocation, target, with_earlier(settings, installed, target), text));
  const std::string others = NVBOX_TRY(other_installations(root, place.bindir));
  if (!others.empty()) text += cat(others, "PATH decides which of them is called\n");
  const std::set<std::string> paths = paths_of(items, installed);
  const auto present = NVBOX_TRY(look_at(root, paths));
  const Foreign foreign = settings.is_forced ? Foreign::save : Foreign::refuse;
  const InstallPlan plan = plan_installation(items, installed, foreign, in_map(present));
  if (!plan.obstacles.empty()) return refusal(root, plan.obstacles);
  const Manifest old = links_to_remove(target, settings, installed);
  const std::vector<Removal> removals = plan_removal(old, in_map(present));
  text += cat(describe(plan), describe(removals));
  const std::string name = cat("nvbox ", version(), " in ", path::join(root.path(), target.bindir));
  if (settings.is_dry) {
    NVBOX_TRY(print(
        cat(text, "nothing was done: this is a dry run of the installation of ", name, "\n")));
    return 0;
  }
  // Programs and their folders are for everybody, however careful root's shell is.
  umask(S_IWGRP | S_IWOTH);
  NVBOX_TRY(remove_leftovers(target, paths));
  const bool was_there = plan.is_done() && old.empty() && !installed.empty();
  NVBOX_TRY(carry_out(root, removals));
  NVBOX_TRY(carry_out(target, plan, without(installed, old)));
  NVBOX_TRY(print(was_there ? cat(text, name, " was installed already; nothing has changed\n")
                            : cat(text, units_note(plan.steps), "installed ", name, "\n")));
  return 0;
}

}  // namespace

Result<std::string> checked_directory(std::string_view option, std::string_view given) {
  if (!given.starts_with('/') || printable(given) != given) {
    return Error(cat(option, "=", printable(given), " is no absolute path"))
        .hint(cat("write it from the root directory on: ", option, "=/opt/bin"));
  }
  const std::string directory = path::clean(given);
  if (directory == "/") return Error(cat(option, "=/ is no directory for programs"));
  return directory;
}

Look in_map(const std::map<std::string, Present>& present) {
  return [&](const std::string& path) { return present.at(path); };
}

Result<int> run_install(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<Settings>(invocation, flags));
  if (line.exit_status) return *line.exit_status;
  return install(invocation, line.settings);
}

}  // namespace nvbox::applets::installation
