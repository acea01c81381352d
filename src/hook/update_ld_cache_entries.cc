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
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "hook/update_ld_cache_scan.h"
#include "host/root_write.h"

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
  explicit CachedDirectories(const host::Root& container) : container_(container) {}

  std::optional<DirectoryId> id_of(std::string_view directory) {
    const auto known = ids_.find(directory);
    if (known != ids_.end()) return known->second;
    // Real caches name about five.
    if (ids_.size() == most) return std::nullopt;
    auto id = host::directory_id(container_, directory);
    if (!id) problems_.push_back(id.error().message());
    return ids_.emplace(directory, id ? *id : std::nullopt).first->second;
  }

  const std::vector<std::string>& problems() const { return problems_; }

  std::optional<std::string> name_of(const DirectoryId& id) const {
    for (const auto& [name, cached] : ids_) {
      if (cached == id) return name;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t most = 4096;

  const host::Root& container_;
  std::map<std::string, std::optional<DirectoryId>, std::less<>> ids_;
  std::vector<std::string> problems_;
};

class Merge {
 public:
  Merge(const host::Root& container, const CacheRequest& request, Entries image);
  CacheEntries run();

 private:
  struct ImageEntry {
    LdCacheEntry entry;
    std::optional<DirectoryId> directory;
    bool is_gone = false;
  };

  // The order of preference: leading folders, each with a rank of its own, then these.
  size_t rank_of_new() const { return request_.folders.size(); }
  size_t rank_of_image() const { return request_.folders.size() + 1; }
  size_t rank_of_former() const { return request_.folders.size() + 2; }

  LibraryNameSet known_names(const LibraryNames& names, const DirectoryId& directory);
  void add_folder(size_t index);
  using Ranks = std::map<DirectoryId, std::optional<size_t>>;
  Ranks ranks_of_directories() const;

  const host::Root& container_;
  const CacheRequest& request_;
  CachedDirectories directories_;
  LibraryScanner scanner_;
  std::vector<ImageEntry> image_;
  std::vector<Entries> ranks_;
};

Merge::Merge(const host::Root& container, const CacheRequest& request, Entries image)
    : container_(container),
      request_(request),
      directories_(container),
      scanner_(container),
      ranks_(request.folders.size() + 3) {
  image_.reserve(image.size());
  for (LdCacheEntry& entry : image) {
    const auto directory = directories_.id_of(path::parent(entry.path));
    image_.push_back({std::move(entry), directory});
  }
}

// What the cache names in the directory and is there. The rest is the driver of an earlier start,
// or was deleted.
LibraryNameSet Merge::known_names(const LibraryNames& names, const DirectoryId& directory) {
  LibraryNameSet known;
  for (ImageEntry& item : image_) {
    if (item.directory != directory) continue;
    const std::string_view file = path::base_name(item.entry.path);
    if (names.contains(file)) {
      known.insert(file);
    } else {
      item.is_gone = is_library_name(file);
    }
  }
  return known;
}

void Merge::add_folder(size_t index) {
  const LibraryFolder& folder = request_.folders[index];
  const auto names = scanner_.list(folder.path);
  if (!names) return;
  const LibraryNameSet known = known_names(*names, folder.id);
  std::vector<FoundLibrary> found = scanner_.scan(*names, known);
  // A versioned file that is new, but whose SONAME link the cache has.
  std::erase_if(found, [&](const FoundLibrary& library) { return known.contains(library.name); });
  const std::string spelled = directories_.name_of(folder.id).value_or(folder.path);
  append(ranks_[folder.leads ? index : rank_of_new()],
         entries_for(container_, found, folder.path, spelled, Links::make));
}

// Of each directory that is not like the image's others; nullopt: entries to leave out.
Merge::Ranks Merge::ranks_of_directories() const {
  Ranks ranks;
  for (size_t index = 0; index < request_.folders.size(); ++index) {
    const LibraryFolder& folder = request_.folders[index];
    ranks.emplace(folder.id, folder.leads ? index : rank_of_image());
  }
  for (const DirectoryId& former : request_.former) {
    const bool stays = has_directory(request_.configured, former);
    ranks.emplace(former, stays ? std::optional(rank_of_former()) : std::nullopt);
  }
  return ranks;
}

CacheEntries Merge::run() {
  for (size_t index = 0; index < request_.folders.size(); ++index) add_folder(index);
  const Ranks ranks = ranks_of_directories();
  for (ImageEntry& item : image_) {
    if (item.is_gone) continue;
    const auto known = item.directory ? ranks.find(*item.directory) : ranks.end();
    const auto rank = known == ranks.end() ? rank_of_image() : known->second;
    if (rank) ranks_[*rank].push_back(std::move(item.entry));
  }
  CacheEntries all = {.problems = scanner_.problems()};
  for (Entries& entries : ranks_) append(all.entries, std::move(entries));
  std::ranges::copy(directories_.problems(), std::back_inserter(all.problems));
  return all;
}

// The libraries for special processors, which glibc 2.33 and later prefer where they fit.
Entries subdirectory_entries(LibraryScanner& scanner, const std::string& directory) {
  const std::string parent = path::join(directory, "glibc-hwcaps");
  Entries entries;
  for (const std::string& name : scanner.subdirectories(parent)) {
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

CacheEntries merged_entries(const host::Root& container, const CacheRequest& request,
                            std::vector<LdCacheEntry> image) {
  return Merge(container, request, std::move(image)).run();
}

CacheEntries all_entries(const host::Root& container, const CacheRequest& request) {
  std::vector<host::LibraryDirectory> directories;
  std::set<DirectoryId> injected;
  std::set<DirectoryId> known;
  for (const LibraryFolder& folder : request.folders) {
    injected.insert(folder.id);
    if (folder.leads && known.insert(folder.id).second) {
      directories.push_back({folder.path, folder.id});
    }
  }
  for (const host::LibraryDirectory& directory : request.configured) {
    if (known.insert(directory.id).second) directories.push_back(directory);
  }
  LibraryScanner scanner(container);
  Entries entries;
  for (const auto& [path, id] : directories) {
    const auto names = scanner.list(path);
    if (!names) continue;
    append(entries, entries_for(container, scanner.scan(*names, {}), path, path,
                                injected.contains(id) ? Links::make : Links::leave));
    append(entries, subdirectory_entries(scanner, path));
  }
  return {.entries = std::move(entries), .problems = scanner.problems()};
}

}  // namespace nvbox::hook
