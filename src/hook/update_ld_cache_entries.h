// Which libraries the loader's cache shall name, in the order of preference.
#pragma once

#include <string>
#include <vector>

#include "host/ld_cache.h"
#include "host/ld_so_conf.h"
#include "host/root.h"

namespace nvbox::hook {

// A directory with injected libraries.
struct LibraryFolder {
  std::string path{};
  host::DirectoryId id{};
  // Comes before what the image configures. Folders that the image's configuration has already
  // keep the place they have there: an image may prefer its /usr/local/lib to /usr/lib.
  bool leads = false;
};

struct CacheRequest {
  std::vector<LibraryFolder> folders{};  // leading ones first
  // What the image configures, in order.
  std::vector<host::LibraryDirectory> configured{};
  // Folders that led at an earlier start of the container and do not any more.
  std::vector<host::DirectoryId> former{};
};

struct CacheEntries {
  std::vector<host::LdCacheEntry> entries{};
  // What is not among them because it could not be looked at, and why.
  std::vector<std::string> problems{};
};

// The image's entries with those of new libraries in the folders. A new library comes before one
// of the same name that the image brought.
CacheEntries merged_entries(const host::Root& container, const CacheRequest& request,
                            std::vector<host::LdCacheEntry> image);

// Every library of the folders and the configured directories, for an image without a cache.
CacheEntries all_entries(const host::Root& container, const CacheRequest& request);

}  // namespace nvbox::hook
