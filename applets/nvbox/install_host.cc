// What of the host belongs to other programs: package managers and container engines.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "data/json_read.h"
#include "host/locate.h"
#include "nvbox/install_apply.h"
#include "nvbox/install_survey.h"

namespace nvbox::applets::installation {
namespace {

constexpr std::string_view package_lists = "/var/lib/dpkg/info";
constexpr std::string_view list_ending = ".list";

// "/usr/lib/x" as "/lib/x": where /lib is a link to /usr/lib, lists have either.
std::string_view unmerged(std::string_view path) {
  constexpr std::string_view merged[] = {"/usr/bin/", "/usr/sbin/", "/usr/lib/"};
  const bool is_merged = std::ranges::any_of(
      merged, [&](std::string_view directory) { return path.starts_with(directory); });
  return is_merged ? path.substr(std::string_view("/usr").size()) : path;
}

// "libc6:amd64.list" is of libc6.
std::string package_of(std::string_view file) {
  file.remove_suffix(list_ending.size());
  return std::string(file.substr(0, file.find(':')));
}

Result<bool> has_specification(const host::Root& root, std::string_view directory) {
  const auto names = NVBOX_TRY(root.list(directory));
  return names && std::ranges::any_of(*names, [](std::string_view name) {
           return name.ends_with(".yaml") || name.ends_with(".json");
         });
}

Result<bool> docker_has_cdi(const host::Root& root) {
  const auto text = NVBOX_TRY(content_at(root, "/etc/docker/daemon.json"));
  if (!text) return false;
  const data::Json document = NVBOX_TRY(data::parse_json(*text));
  const auto features = NVBOX_TRY(data::JsonPlace(document).member("features"));
  if (!features) return false;
  const auto cdi = NVBOX_TRY(features->member("cdi"));
  return cdi && cdi->value().is_boolean() && cdi->value().get<bool>();
}

// What removes the nvbox in `directory`.
Result<std::string> way_to_remove(const host::Root& root, const std::string& directory) {
  const std::string binary = path::join(directory, "nvbox");
  const auto owners = NVBOX_TRY(package_owners(root, {binary}));
  if (const auto owner = owners.find(binary); owner != owners.end()) {
    return cat("is of the package ", owner->second, ", which 'apt remove ", owner->second,
               "' removes");
  }
  const auto manifest = NVBOX_TRY(root.stat(Target{root, directory}.manifest_path()));
  if (manifest) return cat("is removed by 'nvbox uninstall --bindir=", directory, "'");
  if (has_rpm_database(root)) return cat("may be of a package that 'rpm -qf ", binary, "' names");
  return std::string("is of no package that dpkg knows, and of no 'nvbox install'");
}

bool is_yes(const Result<bool>& answer) {
  return answer && *answer;
}

}  // namespace

Result<std::map<std::string, std::string>> package_owners(const host::Root& root,
                                                          const std::set<std::string>& paths) {
  std::map<std::string, std::string> owners;
  if (paths.empty()) return owners;
  std::map<std::string_view, std::string_view> sought;
  for (const std::string& path : paths) sought.emplace(unmerged(path), path);
  const auto files = NVBOX_TRY(root.list(package_lists));
  if (!files) return owners;
  for (const std::string& file : *files) {
    if (!file.ends_with(list_ending)) continue;
    const auto text = NVBOX_TRY(content_at(root, path::join(package_lists, file)));
    if (!text) continue;
    for (const std::string_view line : split(*text, '\n')) {
      const auto found = sought.find(unmerged(line));
      if (found == sought.end()) continue;
      owners.emplace(found->second, package_of(file));
    }
  }
  return owners;
}

bool has_rpm_database(const host::Root& root) {
  constexpr std::string_view places[] = {"/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages",
                                         "/usr/lib/sysimage/rpm/rpmdb.sqlite"};
  return std::ranges::any_of(places, [&](std::string_view place) {
    const auto info = root.stat(place);
    return info && *info;
  });
}

Result<std::string> other_installations(const host::Root& root, const std::string& bindir) {
  std::string lines;
  std::vector<std::string> seen = {bindir};
  for (const std::string directory : {"/usr/bin", "/usr/local/bin", "/opt/bin"}) {
    const auto binary = NVBOX_TRY(root.stat(path::join(directory, "nvbox")));
    const bool is_seen = std::ranges::any_of(seen, [&](const std::string& before) {
      return is_same_directory(root, before, directory);
    });
    if (is_seen || !binary) continue;
    seen.push_back(directory);
    lines += cat("the nvbox in ", directory, " ", NVBOX_TRY(way_to_remove(root, directory)), "\n");
  }
  return lines;
}

std::optional<std::string> cdi_engine(const host::Root& root,
                                      std::span<const std::string> directories) {
  host::Locator locator(root);
  const auto podman = locator.find_first(directories, "podman", host::Sought::program);
  if (podman && *podman) return "podman is installed";
  if (is_yes(docker_has_cdi(root))) return "/etc/docker/daemon.json sets features.cdi";
  for (const std::string_view directory : {"/etc/cdi", "/var/run/cdi"}) {
    if (is_yes(has_specification(root, directory))) return cat(directory, " has a specification");
  }
  return std::nullopt;
}

}  // namespace nvbox::applets::installation
