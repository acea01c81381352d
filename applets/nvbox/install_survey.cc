#include "nvbox/install_survey.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "host/container_file.h"
#include "host/ld_so_conf.h"
#include "host/locate.h"
#include "nvbox/install_apply.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace nvbox::applets::installation {
namespace {

// Of text that is read: lists of packages with 100,000 files have some 10 MiB.
constexpr size_t most_bytes = size_t{16} * 1024 * 1024;
// Of a file that stands where one of ours shall be. A program can be large, so it is never in
// memory as a whole.
constexpr size_t most_hashed_bytes = size_t{256} * 1024 * 1024;

struct Seen {
  Present present{};
  ino_t inode = 0;
};

Result<struct stat> status_of(const sys::Fd& file, const std::string& path) {
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return Error(cat("stat ", path), errno);
  return info;
}

// For reading; nullopt when there is none.
Result<std::optional<sys::Fd>> open_content(const host::Root& root, const std::string& path) {
  const Result<sys::Fd> found = root.open_at(path, O_PATH);
  if (!found && host::is_absence(found.error())) return std::optional<sys::Fd>();
  if (!found) return found.error();
  // What --root names can be an image, whose links may lead to /proc/kmsg.
  const struct stat there = NVBOX_TRY(host::status_of_data(found->get()).in(path));
  // By its path once more, and not as Root::read does it: a chroot may lack /proc.
  sys::Fd file = NVBOX_TRY(root.open_at(path, O_RDONLY));
  const struct stat opened = NVBOX_TRY(status_of(file, path));
  if (opened.st_dev != there.st_dev || opened.st_ino != there.st_ino) {
    return Error(cat(path, " changed meanwhile"), ESTALE);
  }
  return std::optional(std::move(file));
}

// The content_hash() of a file.
Result<std::uint64_t> hash_at(const host::Root& root, const std::string& path) {
  Fnv1a hash;
  const std::optional<sys::Fd> file = NVBOX_TRY(open_content(root, path));
  if (!file) return hash.value();
  std::string piece(size_t{64} * 1024, '\0');
  for (size_t done = 0; done <= most_hashed_bytes;) {
    const ssize_t size = read(file->get(), piece.data(), piece.size());
    if (size == 0) return hash.value();
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error(cat("read ", path), errno);
    hash.add({piece.data(), static_cast<size_t>(size)});
    done += static_cast<size_t>(size);
  }
  return Error(cat("read ", path), EFBIG);
}

Result<Seen> look_at(const host::Root& root, const std::string& path) {
  const Result<sys::Fd> place = root.open_at(path, O_PATH | O_NOFOLLOW);
  if (!place && host::is_absence(place.error())) return Seen{};
  if (!place) return place.error();
  struct stat info {};
  if (fstat(place->get(), &info) != 0) return Error(cat("stat ", path), errno);
  Seen seen = {.present = {.type = Present::Type::other}, .inode = info.st_ino};
  if (S_ISLNK(info.st_mode)) {
    const auto text = NVBOX_TRY(root.read_link(path));
    seen.present.type = Present::Type::link;
    seen.present.hash = content_hash(text.value_or(""));
  } else if (S_ISREG(info.st_mode)) {
    seen.present.type = Present::Type::file;
    seen.present.hash = NVBOX_TRY(hash_at(root, path));
    seen.present.mode = info.st_mode & mode_t{07777};
  }
  return seen;
}

}  // namespace

Result<std::optional<std::string>> content_at(const host::Root& root, const std::string& path) {
  const std::optional<sys::Fd> file = NVBOX_TRY(open_content(root, path));
  if (!file) return std::optional<std::string>();
  return NVBOX_TRY(sys::read_all(file->get(), most_bytes).in(path));
}

Result<> check_writable(const host::Root& root, const std::string& directory) {
  std::string existing = directory;
  while (true) {
    const Result<sys::Fd> fd = root.open_at(existing, O_PATH | O_DIRECTORY);
    if (fd) {
      if (faccessat(fd->get(), ".", W_OK | X_OK, 0) == 0) return {};
      return Error(cat("write to ", path::join(root.path(), existing)), errno);
    }
    if (fd.error().code() != ENOENT || existing == "/") return fd.error();
    existing = std::string(path::parent(existing));
  }
}

Result<Place> default_place(const host::Root& root) {
  const std::string first = "/usr/local/bin";
  const std::string second = "/opt/bin";
  const auto check = [&](const std::string& bindir) -> Result<> {
    NVBOX_TRY(check_writable(root, bindir));
    return check_writable(root, cat(path::parent(bindir), "/lib/nvbox"));
  };
  const Result<> usual = check(first);
  if (usual) return Place{first};
  const bool is_read_only = usual.error().code() == EROFS;
  if (is_read_only && check(second)) {
    return Place{second, cat(first, " is on a read-only file system: installing in ", second,
                             ", which engines may not have in their PATH")};
  }
  return Error(usual.error()).hint("--bindir chooses another directory");
}

bool is_same_directory(const host::Root& root, std::string_view one, std::string_view other) {
  if (one == other) return true;
  const auto id = host::directory_id(root, one);
  const auto other_id = host::directory_id(root, other);
  return id && *id && other_id && *id == *other_id;
}

Result<std::vector<std::string>> missing_directories(const host::Root& root,
                                                     const std::set<std::string>& paths) {
  std::set<std::string> missing;
  for (const std::string& path : paths) {
    for (std::string above(path::parent(path)); above != "/"; above = path::parent(above)) {
      if (missing.contains(above) || NVBOX_TRY(root.stat(above))) break;
      missing.insert(above);
    }
  }
  return std::vector<std::string>(missing.begin(), missing.end());
}

Result<std::map<std::string, Present>> look_at(const host::Root& root,
                                               const std::set<std::string>& paths) {
  std::map<std::string, Present> all;
  std::set<std::string> existing;
  for (const std::string& path : paths) {
    Seen seen = NVBOX_TRY(look_at(root, path));
    const Seen saved = NVBOX_TRY(look_at(root, saved_name(path)));
    if (saved.present.type != Present::Type::nothing) {
      seen.present.saved = saved.inode == seen.inode ? Present::Saved::same : Present::Saved::other;
    }
    if (seen.present.type != Present::Type::nothing) existing.insert(path);
    all.emplace(path, std::move(seen.present));
  }
  for (auto& [path, package] : NVBOX_TRY(package_owners(root, existing))) {
    all[path].package = package;
  }
  return all;
}

// What of the host belongs to other programs: package managers and container engines.

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
