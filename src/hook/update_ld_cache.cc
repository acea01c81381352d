#include "hook/update_ld_cache.h"

#include <cerrno>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/version.h"
#include "hook/cuda_compat.h"
#include "hook/loader_folders.h"
#include "hook/musl_path.h"
#include "hook/update_ld_cache_entries.h"
#include "host/container_file.h"
#include "host/ld_cache.h"
#include "host/ld_so_conf.h"
#include "host/root_write.h"

namespace nvbox::hook {
namespace {

constexpr std::string_view cache_file = "/etc/ld.so.cache";
constexpr std::string_view configuration_file = "/etc/ld.so.conf";
// The name comes first in the directory, so that its folders come first, and is the same at every
// start.
constexpr std::string_view own_configuration_file = "/etc/ld.so.conf.d/00-nvbox.conf";
constexpr std::string_view own_configuration_title =
    "# GPU driver libraries, written by nvbox at every start of this container\n";

// Real caches have about 100 KiB.
constexpr size_t most_cache_bytes = size_t{8} * 1024 * 1024;
// A start puts some five folders in front, and those for compatibility libraries.
constexpr size_t most_earlier_folders = 256;

constexpr std::array glibc_loaders = {
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux.so.2",
    "/lib/ld-linux-armhf.so.3",
};

bool exists(const host::Root& container, std::string_view path) {
  const auto info = container.stat(path);
  return info && *info;
}

bool has_glibc(const host::Root& container) {
  return std::ranges::any_of(glibc_loaders,
                             [&](std::string_view loader) { return exists(container, loader); });
}

// The path file, if musl is the C library of the container and not one that a distribution of
// glibc offers besides. Alpine may have a loader in glibc's place that only imitates it.
std::optional<std::string> musl_path_to_update(const host::Root& container) {
  std::optional<std::string> file = musl_path_file(container);
  if (!file || (has_glibc(container) && !exists(container, "/etc/alpine-release"))) {
    return std::nullopt;
  }
  return file;
}

// The directories that an earlier start of the container put in front.
std::vector<std::string> earlier_folders(const host::Root& container, const Log& log) {
  LoaderFolders folders(most_earlier_folders);
  folders.add_file(container, std::string(own_configuration_file), log);
  return folders.take();
}

bool is_configured(const CacheRequest& request, const host::DirectoryId& id) {
  return std::ranges::any_of(request.configured, [&](const host::LibraryDirectory& directory) {
    return directory.id == id;
  });
}

bool is_requested(const CacheRequest& request, const host::DirectoryId& id) {
  return std::ranges::any_of(request.folders,
                             [&](const LibraryFolder& folder) { return folder.id == id; });
}

// nullopt when there is no such directory, and when it cannot be looked at.
std::optional<host::DirectoryId> id_of(const host::Root& container, const std::string& folder,
                                       const Log& log) {
  const auto id = host::directory_id(container, folder);
  if (!id) log.warning(cat("not in the loader's cache: ", id.error().message()));
  return id ? *id : std::nullopt;
}

CacheRequest request_for(const host::Root& container, std::span<const std::string> folders,
                         std::span<const std::string> compat_folders, const Log& log) {
  host::LdSoConf configuration = host::read_ld_so_conf(container, own_configuration_file);
  for (const std::string& problem : configuration.problems) log.warning(problem);
  CacheRequest request = {.configured = std::move(configuration.directories)};
  const auto add = [&](const std::string& path, const host::DirectoryId& id, bool leads) {
    if (!is_requested(request, id)) request.folders.push_back({path, id, leads});
  };
  for (const std::string& folder : compat_folders) {
    const auto id = id_of(container, folder, log);
    if (id) add(folder, *id, true);
  }
  std::vector<LibraryFolder> others;
  for (const std::string& folder : folders) {
    const auto id = id_of(container, folder, log);
    if (!id) continue;
    if (is_configured(request, *id)) {
      others.push_back({folder, *id, false});
    } else {
      add(folder, *id, true);
    }
  }
  const size_t leading = request.folders.size();
  for (const LibraryFolder& folder : others) add(folder.path, folder.id, false);
  for (const std::string& folder : earlier_folders(container, log)) {
    const auto id = id_of(container, folder, log);
    const auto leads = std::span(request.folders).first(leading);
    if (id && std::ranges::find(leads, *id, &LibraryFolder::id) == leads.end()) {
      request.former.push_back(*id);
    }
  }
  return request;
}

// So that ldconfig, when a package manager runs it in the container, keeps the folders in front.
Result<> write_configuration(const host::Root& container, const CacheRequest& request) {
  std::string text(own_configuration_title);
  for (const LibraryFolder& folder : request.folders) {
    if (folder.leads) text += cat(folder.path, "\n");
  }
  const bool needed = text.size() > own_configuration_title.size();
  if (!needed && !NVBOX_TRY(container.stat(own_configuration_file))) return {};
  NVBOX_TRY(host::write_container_file(container, own_configuration_file, text));
  if (!needed || NVBOX_TRY(container.stat(configuration_file))) return {};
  NVBOX_TRY(host::write_container_file(container, configuration_file,
                                       "include /etc/ld.so.conf.d/*.conf\n"));
  return {};
}

std::optional<host::LdCache> image_cache(const host::Root& container, const Log& log) {
  const auto bytes = host::read_container_text(container, cache_file, most_cache_bytes);
  if (!bytes) log.warning(cat("the image's loader cache: ", bytes.error().message()));
  if (!bytes || !*bytes) return std::nullopt;
  auto cache = host::parse_ld_cache((*bytes)->text);
  if (cache) return std::move(cache).value();
  log.warning(cat(cache_file, ": ", cache.error().message(), "; making a new one"));
  return std::nullopt;
}

Result<> update_glibc_cache(const host::Root& container, const CacheRequest& request,
                            const Log& log) {
  NVBOX_TRY(write_configuration(container, request));
  std::optional<host::LdCache> image = image_cache(container, log);
  const CacheEntries found = image ? merged_entries(container, request, std::move(image->entries))
                                   : all_entries(container, request);
  for (const std::string& problem : found.problems) {
    log.warning(cat("not in the loader's cache: ", problem));
  }
  const bool has_generator = image && !image->generator.empty();
  const std::string generator = has_generator ? image->generator : cat("nvbox ", version());
  NVBOX_TRY(host::write_container_file(container, cache_file,
                                       host::write_ld_cache(found.entries, generator)));
  return {};
}

// The loader of Nix reads no cache; its programs have this directory in their run paths (nixpkgs:
// addDriverRunpath), which only NixOS itself has.
void link_for_nix(const host::Root& container, std::span<const std::string> folders,
                  const Log& log) {
  constexpr std::string_view link = "/run/opengl-driver/lib";
  const auto store = container.stat("/nix/store");
  if (!store || !*store || folders.empty()) return;
  const auto made = host::make_link(container, folders.front(), link);
  if (!made) log.debug(cat(link, " stays as it is: ", made.error().message()));
}

// What may not be changed is a warning: a container starts without what its loader would find.
Result<> tolerated(Result<> updated, const Log& log) {
  if (updated) return {};
  const Error error = std::move(updated).error().in("update the loader's cache");
  const bool is_denied =
      host::is_closed_to_changes(error) || error.code() == EACCES || error.code() == EPERM;
  if (!is_denied) return error;
  log.warning(cat(error.message(), "; programs may not find the GPU driver's libraries"));
  return {};
}

}  // namespace

Result<> update_ld_cache(const host::Root& container, std::span<const std::string> folders,
                         const std::string& compat_folder, const Log& log) {
  std::vector<std::string> compat_folders = enabled_compat_folders(container, log);
  if (!compat_folder.empty()) compat_folders.insert(compat_folders.begin(), compat_folder);
  link_for_nix(container, folders, log);
  const std::optional<std::string> musl_path = musl_path_to_update(container);
  // Each loader for itself: what closes one file to changes need not close the other's.
  if (musl_path) {
    NVBOX_TRY(
        tolerated(update_musl_path(container, *musl_path, folders, compat_folders, log), log));
  }
  if (musl_path && !has_glibc(container)) return {};
  const CacheRequest request = request_for(container, folders, compat_folders, log);
  return tolerated(update_glibc_cache(container, request, log), log);
}

}  // namespace nvbox::hook
