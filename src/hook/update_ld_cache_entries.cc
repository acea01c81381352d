// A merge looks only at the folders with injected libraries, and there opens only files that the
// image's cache does not know: a distribution's library directory has a thousand others.
#include "hook/update_ld_cache_entries.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "hook/update_ld_cache_scan.h"
#include "nvbox/base/path.h"
#include "nvbox/base/text.h"
#include "nvbox/host/root_write.h"

namespace nvbox::hook {
namespace {

using host::DirectoryId;
using host::LdCacheEntry;
using Entries = std::vector<LdCacheEntry>;

void append(Entries& to, Entries from) {
  to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

// Makes a missing SONAME link; false when there is none afterwards. What exists is left alone,
// except a link that leads nowhere.
bool has_link(const host::Root& container, const std::string& directory,
              const FoundLibrary& library) {
  if (!library.lacks_link) return true;
  const std::string link = path::join(directory, library.name);
  const auto existing = container.stat(link);
  if (!existing || *existing) return false;
  // A read-only directory is no reason to fail: the cache then names the file itself.
  return host::make_link(container, library.file, link).has_value();
}

bool has_directory(const std::vector<host::LibraryDirectory>& directories, const DirectoryId& id) {
  return std::ranges::find(directories, id, &host::LibraryDirectory::id) != directories.end();
}

enum class Links { make, leave };

// The entries of libraries found in `directory`, which the cache shall call `spelled`.
Entries entries_for(const host::Root& container, const std::vector<FoundLibrary>& found,
                    const std::string& directory, std::string_view spelled, Links links) {
  Entries entries;
  for (const FoundLibrary& library : found) {
    const bool linked =
        links == Links::make ? has_link(container, directory, library) : !library.lacks_link;
    const std::string& file = linked ? library.name : library.file;
    entries.push_back(
        {.name = library.name, .path = path::join(spelled, file), .flags = library.flags});
  }
  return entries;
}

// The directories that a cache names; two names may mean one directory.
class CachedDirectories {
 public:
  CachedDirectories(const host::Root& container, const Entries& entries) {
    for (const LdCacheEntry& entry : entries) {
      const std::string_view directory = path::parent(entry.path);
      if (ids_.contains(directory) || ids_.size() == most) continue;
      ids_.emplace(directory, host::directory_id(container, directory));
    }
  }

  std::optional<DirectoryId> id_of(const LdCacheEntry& entry) const {
    const auto place = ids_.find(path::parent(entry.path));
    return place == ids_.end() ? std::nullopt : place->second;
  }

  std::optional<std::string> name_of(const DirectoryId& id) const {
    for (const auto& [name, cached] : ids_) {
      if (cached == id) return name;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t most = 4096;

  std::map<std::string, std::optional<DirectoryId>, std::less<>> ids_;
};

class Merge {
 public:
  Merge(const host::Root& container, const CacheRequest& request, Entries image)
      : container_(container),
        request_(request),
        image_(std::move(image)),
        directories_(container, image_),
        scanner_(container),
        ranks_(request.folders.size() + 3) {}

  Entries run() {
    for (size_t index = 0; index < request_.folders.size(); ++index) add_folder(index);
    for (LdCacheEntry& entry : image_) {
      const auto rank = rank_of(entry);
      if (rank) ranks_[*rank].push_back(std::move(entry));
    }
    Entries all;
    for (Entries& entries : ranks_) append(all, std::move(entries));
    return all;
  }

 private:
  // After the leading folders, each with a rank of its own.
  size_t rank_of_new() const { return request_.folders.size(); }
  size_t rank_of_image() const { return request_.folders.size() + 1; }
  size_t rank_of_former() const { return request_.folders.size() + 2; }

  void add_folder(size_t index);
  std::optional<size_t> rank_of(const LdCacheEntry& entry) const;

  const host::Root& container_;
  const CacheRequest& request_;
  Entries image_;
  CachedDirectories directories_;
  LibraryScanner scanner_;
  std::map<DirectoryId, LibraryNames> listed_{};
  std::vector<Entries> ranks_;
};

void Merge::add_folder(size_t index) {
  const LibraryFolder& folder = request_.folders[index];
  auto names = scanner_.list(folder.path);
  if (!names) return;
  std::set<std::string_view> known;
  for (const LdCacheEntry& entry : image_) {
    if (directories_.id_of(entry) == folder.id) known.insert(path::base_name(entry.path));
  }
  std::erase_if(known, [&](std::string_view name) { return !names->contains(name); });
  std::vector<FoundLibrary> found = scanner_.scan(*names, known);
  // A versioned file that is new, but whose SONAME link the cache has.
  std::erase_if(found, [&](const FoundLibrary& library) { return known.contains(library.name); });
  const std::string spelled = directories_.name_of(folder.id).value_or(folder.path);
  append(ranks_[folder.leads ? index : rank_of_new()],
         entries_for(container_, found, folder.path, spelled, Links::make));
  listed_.emplace(folder.id, std::move(*names));
}

// nullopt: an entry to leave out.
std::optional<size_t> Merge::rank_of(const LdCacheEntry& entry) const {
  const auto id = directories_.id_of(entry);
  if (!id) return rank_of_image();
  const auto folder = std::ranges::find(request_.folders, *id, &LibraryFolder::id);
  const auto listed = listed_.find(*id);
  if (listed != listed_.end()) {
    // The driver of an earlier start, or a file that was deleted.
    const std::string_view file = path::base_name(entry.path);
    if (is_library_name(file) && !listed->second.contains(file)) return std::nullopt;
    if (folder->leads) return static_cast<size_t>(folder - request_.folders.begin());
    return rank_of_image();
  }
  const auto former = std::ranges::find(request_.former, *id);
  if (former == request_.former.end()) return rank_of_image();
  return has_directory(request_.configured, *id) ? std::optional(rank_of_former()) : std::nullopt;
}

// The libraries for special processors, which glibc 2.33 and later prefer where they fit.
Entries subdirectory_entries(const host::Root& container, LibraryScanner& scanner,
                             const std::string& directory) {
  const std::string parent = path::join(directory, "glibc-hwcaps");
  const auto names = container.list(parent);
  if (!names || !*names) return {};
  Entries entries;
  for (const std::string& name : **names) {
    if (name.starts_with('.') || name.contains(':')) continue;
    const std::string path = path::join(parent, name);
    const auto files = scanner.list(path);
    if (!files) continue;
    for (const FoundLibrary& library : scanner.scan(*files, {})) {
      entries.push_back({.name = library.name,
                         .path = path::join(path, library.file),
                         .flags = library.flags,
                         .subdirectory = name});
    }
  }
  return entries;
}

}  // namespace

std::vector<LdCacheEntry> merged_entries(const host::Root& container, const CacheRequest& request,
                                         std::vector<LdCacheEntry> image) {
  return Merge(container, request, std::move(image)).run();
}

std::vector<LdCacheEntry> all_entries(const host::Root& container, const CacheRequest& request) {
  std::vector<host::LibraryDirectory> directories;
  std::set<DirectoryId> injected;
  for (const LibraryFolder& folder : request.folders) {
    injected.insert(folder.id);
    if (folder.leads) directories.push_back({folder.path, folder.id});
  }
  for (const host::LibraryDirectory& directory : request.configured) {
    if (!has_directory(directories, directory.id)) directories.push_back(directory);
  }
  LibraryScanner scanner(container);
  Entries entries;
  for (const auto& [path, id] : directories) {
    const auto names = scanner.list(path);
    if (!names) continue;
    append(entries, entries_for(container, scanner.scan(*names, {}), path, path,
                                injected.contains(id) ? Links::make : Links::leave));
    append(entries, subdirectory_entries(container, scanner, path));
  }
  return entries;
}

}  // namespace nvbox::hook
