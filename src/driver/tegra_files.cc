#include "driver/tegra_files.h"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/pattern.h"
#include "base/text.h"
#include "driver/architecture.h"
#include "driver/libraries.h"
#include "driver/tegra_paths.h"
#include "host/elf.h"
#include "host/locate.h"

namespace nvbox::driver {
namespace {

// Yocto keeps here what only containers need, below the path that it has in them (meta-tegra's
// tegra-container-passthrough).
constexpr std::string_view other_root = "/usr/share/nvidia-container-passthrough";

constexpr std::string_view release_file = "/etc/nv_tegra_release";

// As the kernel (path_resolution(7)).
constexpr int most_links = 40;

// A root that entries are looked for in, and where it is below the driver root.
struct Base {
  Base(const host::Root& base_root, Count& failed, std::string base_prefix = {})
      : root(base_root),
        prefix(std::move(base_prefix)),
        locator(base_root),
        paths(base_root, failed) {}

  const host::Root& root;
  std::string prefix;
  host::Locator locator;
  PatternPaths paths;
};

// What there is of an entry.
struct Hit {
  Base* base;
  host::Found found;
};

// What the loader's cache is for, in the peer's words lib?*.so and lib?*.so.*.
bool is_library(std::string_view name) {
  return matches_pattern("lib?*.so", name) || matches_pattern("lib?*.so.*", name);
}

// Those that the installer makes links to have two dots in their names, like the peer's pattern
// *.*.* (internal/discover/symlinks.go).
bool may_have_links(std::string_view name) {
  return std::ranges::count(name, '.') >= 2;
}

bool is_ignored(const CsvSearch& search, std::string_view path) {
  constexpr std::string_view any_directory = "**/";
  return std::ranges::any_of(search.ignored_links, [&](std::string_view pattern) {
    if (!pattern.starts_with(any_directory)) return matches_pattern(pattern, path);
    return matches_pattern(pattern.substr(any_directory.size()), path::base_name(path));
  });
}

// Files by their entries, below the driver root and, where they are not there, below `other_root`.
class Finder {
 public:
  // Both must outlive it; `failed` are entries that cannot be looked at.
  Finder(const Context& context, Count& failed)
      : context_(context), failed_(failed), first_(context.roots.driver, failed) {}

  // Everything that is what is sought. Files are looked for below the directories of the command
  // line as well, which the peer puts in front of the entry's path.
  std::vector<Hit> find(const std::string& pattern, host::Sought sought) {
    std::vector<Hit> hits;
    if (sought == host::Sought::file) {
      for (const std::string& directory : context_.search.library_directories) {
        add(first_, path::join(directory, pattern), sought, hits);
      }
    }
    add(first_, pattern, sought, hits);
    if (!hits.empty()) return hits;
    open_other();
    if (second_) add(*second_, pattern, sought, hits);
    return hits;
  }

 private:
  void add(Base& base, const std::string& pattern, host::Sought sought, std::vector<Hit>& hits) {
    for (const std::string& path : base.paths.of(pattern)) {
      const auto found =
          failed_.or_count(base.locator.find(path::parent(path), path::base_name(path), sought));
      if (found) hits.push_back({&base, *found});
    }
  }

  // At the first entry that is missing.
  void open_other() {
    if (std::exchange(is_opened_, true)) return;
    const auto place = context_.or_problem(context_.roots.driver.resolve(other_root));
    if (!place) return;
    auto root = host::Root::open(path::join(context_.roots.driver.path(), *place));
    if (!root) return context_.problem(root.error().message());
    other_ = std::move(root).value();
    second_.emplace(*other_, failed_, *place);
  }

  const Context& context_;
  Count& failed_;
  bool is_opened_ = false;
  std::optional<host::Root> other_{};
  Base first_;  // hits point to one of the two
  std::optional<Base> second_{};
};

// A library without which a capability is nothing.
struct CoreRow {
  std::string_view stem;
  Capabilities core_of;
};

constexpr CoreRow core_rows[] = {{"libcuda.so", Capabilities::compute},
                                 {"libnvidia-ml.so", Capabilities::utility}};

class Collector {
 public:
  Collector(const Context& context, Inventory& inventory)
      : context_(context),
        architecture_(architecture_of(context.search.machine)),
        inventory_(inventory),
        finder_(context, failed_) {}

  void run(const std::vector<CsvFile>& files) {
    for (const CsvKind kind : {CsvKind::directory, CsvKind::file, CsvKind::link}) {
      for (const CsvFile& file : files) add_entries(file, kind);
    }
    if (context_.or_problem(context_.roots.driver.stat(release_file))) {
      add_found(std::string(release_file), std::string(release_file), false);
    }
    tell();
    note_core_failures(files);
  }

 private:
  void add_entries(const CsvFile& file, CsvKind kind) {
    makes_links_ = kind == CsvKind::file;
    for (const CsvEntry& entry : file.list.entries) {
      if (entry.kind != kind) continue;
      if (kind == CsvKind::link && is_ignored(context_.search.csv, entry.path)) continue;
      ++wanted_;
      if (!add_entry(entry)) missing_.add(cat(place_of(file, entry), ", ", entry.path));
    }
  }

  // Whether there is anything of it.
  bool add_entry(const CsvEntry& entry) {
    const bool is_directory = entry.kind == CsvKind::directory;
    const std::vector<Hit> hits =
        finder_.find(entry.path, is_directory ? host::Sought::directory : host::Sought::file);
    for (const Hit& hit : hits) {
      // A directory keeps its name, like the peer's.
      const std::string& in_container = is_directory ? hit.found.place : hit.found.path;
      add_found(path::join(hit.base->prefix.empty() ? "/" : hit.base->prefix, hit.found.path),
                in_container, is_directory);
      if (entry.kind == CsvKind::link) add_chain(hit);
    }
    return !hits.empty();
  }

  void add_found(const std::string& path, const std::string& in_container, bool is_directory) {
    if (!taken_.insert(path).second) return;
    if (!is_plain_path(path) || !is_plain_path(in_container)) {
      return failed_.add(cat(quote(path), " is no path for a container"));
    }
    const std::string_view name = path::base_name(in_container);
    if (!is_directory && is_library(name)) return add_library(path, in_container);
    add_file(path, in_container);
  }

  void add_file(std::string path, std::string in_container) {
    inventory_.files.push_back({FileKind::data, std::move(path), std::move(in_container)});
  }

  void add_library(const std::string& path, const std::string& in_container) {
    const std::string name(path::base_name(in_container));
    const auto info = failed_.or_count(read_elf(path));
    if (info && (!info->is_64 || info->machine != architecture_.machine)) {
      return foreign_.add(path);
    }
    Library library = {.path = path, .soname = info ? info->soname : ""};
    if (library.soname.empty()) library.soname = name;
    if (in_container != path) library.container_path = in_container;
    if (makes_links_ && may_have_links(name)) {
      const ScannedDirectory& directory =
          directory_of(path, std::string(path::parent(in_container)));
      library.links = links_for(context_, directory, name, library.soname, Capabilities::all);
    }
    inventory_.libraries.push_back(std::move(library));
  }

  // nullopt of what is no ELF file, which is given as it is.
  Result<std::optional<host::ElfInfo>> read_elf(const std::string& path) const {
    const sys::Fd fd = NVBOX_TRY(context_.roots.driver.open_at(path, O_RDONLY | O_NOFOLLOW));
    return host::read_elf(fd.get()).in(path);
  }

  const ScannedDirectory& directory_of(const std::string& path, std::string in_container) {
    const auto known = std::ranges::find(directories_, in_container, &ScannedDirectory::path);
    if (known != directories_.end()) return *known;
    ScannedDirectory directory;
    directory.path = std::move(in_container);
    auto fd = context_.roots.driver.open_at(path::parent(path), O_PATH | O_DIRECTORY);
    if (!fd) failed_.add(fd.error().full_message());
    if (fd) directory.fd = std::move(fd).value();
    directories_.push_back(std::move(directory));
    return directories_.back();
  }

  // Every link from the one that is named to the file, as it is written.
  void add_chain(const Hit& hit) {
    const host::Root& root = hit.base->root;
    std::string at = hit.found.place;
    for (int i = 0; i < most_links; ++i) {
      const auto text = failed_.or_count(root.read_link(at));
      if (!text || !is_plain_path(*text) || !is_plain_path(at)) return;
      HostLink link = {*text, at};
      std::vector<HostLink>& links = inventory_.extra_links;
      if (std::ranges::find(links, link) == links.end()) links.push_back(std::move(link));
      at = path::clean(text->starts_with('/') ? *text : path::join(path::parent(at), *text));
    }
  }

  void tell() const {
    if (missing_.number > 0) {
      context_.problem(cat(missing_.number, " of ", wanted_,
                           " files that the CSV files name are not on this host, the first is ",
                           missing_.first));
    }
    if (failed_.number > 0) {
      context_.problem(cat(failed_.number, " of them cannot be looked at, the first is ",
                           printable(failed_.first)));
    }
    if (foreign_.number == 0) return;
    context_.problem(cat(foreign_.number, foreign_.number == 1 ? " library is" : " libraries are",
                         " not for this machine (", architecture_.name,
                         ") and left out: ", foreign_.first));
  }

  void note_core_failures(const std::vector<CsvFile>& files) const {
    for (const CoreRow& row : core_rows) {
      const auto is_it = [&](std::string_view path) {
        return path::base_name(path).starts_with(row.stem) &&
               !is_ignored(context_.search.csv, path);
      };
      if (!context_.wants(row.core_of)) continue;
      if (std::ranges::any_of(inventory_.libraries, is_it, &Library::path)) continue;
      for (const CsvFile& file : files) {
        const auto named = std::ranges::find_if(file.list.entries, is_it, &CsvEntry::path);
        if (named == file.list.entries.end()) continue;
        const std::string cause =
            cat(place_of(file, *named), " names ", named->path,
                ", which is not on this host or not for it: is the file of another L4T release?");
        context_.core_failures.push_back({std::string(row.stem), row.core_of, cause, 0});
        break;
      }
    }
  }

  const Context& context_;
  const Architecture& architecture_;
  Inventory& inventory_;
  Count failed_{};
  Finder finder_;
  std::deque<ScannedDirectory> directories_{};
  std::set<std::string> taken_{};
  bool makes_links_ = false;  // those of the installer; of a link's target only its own chain
  size_t wanted_ = 0;
  Count missing_{};
  Count foreign_{};
};

}  // namespace

void add_tegra_files(const Context& context, const std::vector<CsvFile>& files,
                     Inventory& inventory) {
  Collector(context, inventory).run(files);
}

}  // namespace nvbox::driver
