#include "driver/libraries.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <set>
#include <tuple>

#include "base/path.h"
#include "base/text.h"
#include "driver/architecture.h"
#include "driver/driver_files.h"
#include "driver/library_directories.h"
#include "host/elf.h"
#include "sys/file.h"

namespace nvbox::driver {
namespace {

// The site's rows come first and so win over ours.
std::vector<LibraryRow> rows_with(const std::vector<Extension>& extensions) {
  std::vector<LibraryRow> rows;
  for (const Extension& extension : extensions) {
    if (extension.kind != ExtensionKind::library || extension.name.starts_with('/')) continue;
    rows.push_back({extension.name, extension.serves, Numbering::own});
  }
  rows.insert(rows.end(), library_rows().begin(), library_rows().end());
  return rows;
}

std::vector<LibraryRow> own_numbered(const Context& context, const std::vector<LibraryRow>& rows) {
  std::vector<LibraryRow> out;
  for (const LibraryRow& row : rows) {
    if (row.numbering == Numbering::own && context.wants(row.serves)) out.push_back(row);
  }
  return out;
}

// X.Org's, which nothing else loads. Debian has it below a directory that is searched for
// libraries.
constexpr std::string_view xorg_module = "libglxserver_nvidia.so.";

// A library and its place in the result.
struct Taken {
  size_t directory;  // position of the directory that it was found in
  bool is_in_vdpau;
  std::string name;
  Library library;

  auto place() const { return std::tuple(library.is_32_bit, directory, is_in_vdpau, name); }
};

class Finder {
 public:
  Finder(const Context& context, std::string_view version, const std::vector<Extension>& extensions)
      : context_(context),
        version_(version),
        architecture_(architecture_of(context.search.machine)),
        extensions_(extensions),
        rows_(rows_with(extensions)),
        scan_(context, version, own_numbered(context, rows_)) {}

  Result<Libraries> run() {
    if (context_.search.library_directories.empty()) {
      search_usual_places();
    } else {
      are_elsewhere_ = true;
      for (const std::string& path : context_.search.library_directories) search({{path}});
    }
    if (!is_found()) return diagnosis();
    take_own_numbered();
    take_by_path();
    note_core_failures();
    return result();
  }

 private:
  // A driver's libraries of which the request needs none are found as well.
  bool is_found() const { return accepted_ > 0 || (is_any_unneeded_ && rejection_.empty()); }

  void search_usual_places() {
    search(standard_directories(architecture_));
    if (context_.wants(Capabilities::compat32)) search(directories_32(architecture_));
    if (is_found()) return;
    are_elsewhere_ = true;
    search(unusual_directories(architecture_));
    if (!is_found()) search(cached_directories(context_));
  }

  void search(const std::vector<LibraryDirectory>& directories) {
    scan_.add(directories);
    // Links may lead to directories that are then listed too.
    for (; next_ < scan_.directories().size(); ++next_) take_directory(next_);
  }

  void take_directory(size_t position) {
    const ScannedDirectory& directory = scan_.directories()[position];
    const bool is_vdpau = path::base_name(directory.path) == "vdpau";
    take_versioned(directory, position, is_vdpau);
    if (directory.versioned.empty() || !directory.has_vdpau) return;
    if (!context_.wants(Capabilities::video)) return;
    const ScannedDirectory* vdpau = scan_.directory(path::join(directory.path, "vdpau"));
    if (vdpau != nullptr) take_versioned(*vdpau, position, true);
  }

  void take_versioned(const ScannedDirectory& directory, size_t position, bool is_vdpau) {
    for (const ScannedName& entry : directory.versioned) {
      if (entry.name.starts_with(xorg_module)) continue;
      const Capabilities serves = serves_of(entry.name, is_vdpau);
      if (!context_.wants(serves)) {
        is_any_unneeded_ = true;
        continue;
      }
      auto taken = read(directory, entry, serves);
      if (!taken) continue;
      const auto& [library, folder] = *taken;
      Taken row = {position, is_vdpau, entry.name, library};
      add_links(*folder, row.library);
      if (!library.is_32_bit) {
        ++accepted_;
        if (!is_vdpau) add_directory(folder->path);
      }
      taken_.push_back(std::move(row));
    }
  }

  void add_links(const ScannedDirectory& folder, Library& library) const {
    library.links =
        links_for(context_, folder, path::base_name(library.path), library.soname, library.serves);
  }

  Capabilities serves_of(std::string_view name, bool is_vdpau) const {
    const std::string_view stem = name.substr(0, name.size() - version_.size() - 1);
    const auto row = std::ranges::find(rows_, stem, &LibraryRow::stem);
    if (row != rows_.end()) return row->serves;
    return is_vdpau ? Capabilities::video : unlisted_library_serves;
  }

  // Of each own-numbered library the files in the first directory that has any. Links count only
  // where there is no file, because they mostly name one beside them.
  void take_own_numbered() {
    for (size_t row = 0; row < scan_.own_numbered().size(); ++row) {
      if (has_driver_version(scan_.own_numbered()[row].stem)) continue;
      for (size_t i = 0; i < scan_.directories().size(); ++i) {
        if (take_own_numbered(row, i)) break;
      }
    }
  }

  bool has_driver_version(std::string_view stem) const {
    const std::string name = cat(stem, ".", version_);
    return std::ranges::any_of(scan_.directories(), [&](const ScannedDirectory& directory) {
      return std::ranges::find(directory.versioned, name, &ScannedName::name) !=
             directory.versioned.end();
    });
  }

  // Others have links only by the loader's cache, like NVIDIA's.
  bool has_links(std::string_view stem) const {
    const std::vector<std::string>& named = context_.search.more_libraries;
    return std::ranges::find(named, stem) != named.end();
  }

  bool take_own_numbered(size_t row, size_t position) {
    const LibraryRow& wanted = scan_.own_numbered()[row];
    const ScannedDirectory& directory = scan_.directories()[position];
    bool is_any_taken = false;
    for (const bool links : {false, true}) {
      for (const auto& [fits, entry] : directory.own_numbered) {
        if (fits != row || entry.is_link != links) continue;
        auto taken = read(directory, entry, wanted.serves);
        if (!taken) continue;
        auto& [library, folder] = *taken;
        if (has_links(wanted.stem)) add_links(*folder, library);
        taken_.push_back({position, false, entry.name, std::move(library)});
        is_any_taken = true;
      }
      if (is_any_taken) return true;
    }
    return false;
  }

  // Libraries that a site names by path.
  void take_by_path() {
    for (const Extension& extension : extensions_) {
      if (extension.kind != ExtensionKind::library || !extension.name.starts_with('/')) continue;
      if (!context_.wants(extension.serves)) continue;
      const std::string folder(path::parent(extension.name));
      const ScannedDirectory* directory = scan_.directory(folder);
      if (directory == nullptr) continue;
      const std::string name(path::base_name(extension.name));
      auto taken = read(*directory, {name, true}, extension.serves);
      if (taken) taken_.push_back({SIZE_MAX, false, name, std::move(taken->first)});
    }
  }

  // The library that a name stands for and the directory it is really in; nullopt when it was taken
  // before or is of no use here.
  std::optional<std::pair<Library, const ScannedDirectory*>> read(const ScannedDirectory& directory,
                                                                  const ScannedName& entry,
                                                                  Capabilities serves) {
    auto place = entry.is_link ? follow(directory, entry.name)
                               : std::pair(path::join(directory.path, entry.name), &directory);
    if (place.second == nullptr) return std::nullopt;
    auto& [path, folder] = place;
    if (!read_paths_.insert(path).second) return std::nullopt;
    auto info = looked_at(entry.name, read_file(*folder, path));
    if (!info || !accepts(*info, path)) return std::nullopt;
    if (info->soname.empty()) info->soname = path::base_name(path);
    return std::pair(Library{.path = std::move(path),
                             .soname = std::move(info->soname),
                             .serves = serves,
                             .is_32_bit = !info->is_64},
                     folder);
  }

  using Place = std::pair<std::string, const ScannedDirectory*>;

  // Where the link leads, and the directory of that; null when it leads nowhere.
  Place follow(const ScannedDirectory& directory, const std::string& name) {
    if (auto place = follow_text(directory, name)) return *std::move(place);
    auto real = looked_at(name, context_.roots.driver.resolve(path::join(directory.path, name)));
    if (!real) return {};
    const ScannedDirectory* folder = scan_.directory(std::string(path::parent(*real)));
    return {*std::move(real), folder};
  }

  // The same without a walk, where the link names its namesake elsewhere: a tree of links (NixOS)
  // has hundreds of them.
  std::optional<Place> follow_text(const ScannedDirectory& directory, const std::string& name) {
    const auto text = sys::link_text(directory.fd.get(), name);
    if (!text || !text->starts_with('/') || path::base_name(*text) != name) return std::nullopt;
    const ScannedDirectory* folder = scan_.directory(std::string(path::parent(*text)));
    struct stat info {};
    if (folder == nullptr ||
        fstatat(folder->fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode)) {
      return std::nullopt;
    }
    return Place(path::join(folder->path, name), folder);
  }

  // As or_problem, and keeps the error in mind: the library may be one that nothing works without.
  template <typename T>
  std::optional<T> looked_at(const std::string& name, Result<std::optional<T>> result) {
    if (!result) failures_.emplace_back(name, result.error());
    return context_.or_problem(std::move(result));
  }

  // A library that a capability is nothing without and that was not found, although the driver may
  // have it: it was there and not readable, or a directory did not tell what is in it.
  void note_core_failures() const {
    for (const LibraryRow& row : library_rows()) {
      if (!context_.wants(row.core_of)) continue;
      const std::string name = cat(row.stem, ".", version_);
      const bool is_taken = std::ranges::any_of(taken_, [&](const Taken& taken) {
        return taken.name == name && !taken.library.is_32_bit;
      });
      if (is_taken) continue;
      const auto failure = std::ranges::find(failures_, name, &Failure::first);
      const Error* const error =
          failure != failures_.end() ? &failure->second : scan_.first_failure();
      if (error != nullptr) {
        context_.core_failures.push_back({name, row.core_of, error->message(), error->code()});
      }
    }
  }

  // One name and no link: no walk from the root to its directory, which was opened in the root.
  Result<std::optional<host::ElfInfo>> read_file(const ScannedDirectory& folder,
                                                 const std::string& path) const {
    constexpr int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    const std::string name(path::base_name(path));
    const sys::Fd fd(openat(folder.fd.get(), name.c_str(), flags));
    if (!fd) {
      Error error(cat("open ", path::join(context_.roots.driver.path(), path)), errno);
      if (host::is_absence(error)) return std::nullopt;
      return error;
    }
    auto info = NVBOX_TRY(host::read_elf(fd.get()).in(path));
    if (!info) return Error(cat(path, " is not an ELF file"));
    return info;
  }

  bool accepts(const host::ElfInfo& info, std::string_view path) {
    if (info.is_64 && info.machine == architecture_.machine) return true;
    if (!info.is_64 && info.machine == architecture_.machine_32 &&
        context_.wants(Capabilities::compat32)) {
      return true;
    }
    if (rejection_.empty()) {
      rejection_ =
          cat(path, " is a ", info.is_64 ? "64" : "32", "-bit file for ELF machine ", info.machine);
    }
    return false;
  }

  void add_directory(const std::string& path) {
    if (std::ranges::find(directories_, path) == directories_.end()) directories_.push_back(path);
  }

  Error diagnosis() const {
    const std::string libraries = cat("the libraries of driver ", version_);
    // What is wrong with a library of the right version is the cause, whatever else is there.
    if (!failures_.empty()) return Error(failures_.front().second).in(libraries);
    const Error* const unlisted = scan_.first_failure();
    if (!rejection_.empty() && unlisted == nullptr) {
      return Error(cat(libraries, " are not for this machine: ", rejection_, ", and ",
                       architecture_.name, " needs 64-bit files for machine ",
                       architecture_.machine))
          .hint(cat("install the driver's libraries for ", architecture_.name));
    }
    if (auto mismatch = scan_.mismatch()) return *std::move(mismatch);
    if (unlisted != nullptr) return Error(*unlisted).in(libraries);
    std::vector<std::string> searched;
    for (const ScannedDirectory& directory : scan_.directories()) {
      searched.push_back(path::join(context_.roots.driver.path(), directory.path));
    }
    const std::string places = searched.empty()
                                   ? cat("any library directory of ", context_.roots.driver.path())
                                   : join(searched, ", ");
    return Error(cat("kernel module ", version_, " is loaded but no library of this version is in ",
                     places))
        .hint(
            "install the driver's libraries, or name the directory that the driver is installed "
            "in as nvidia-container-cli.root in config.toml");
  }

  Libraries result() {
    std::ranges::sort(taken_, {}, &Taken::place);
    Libraries out = {.directories = std::move(directories_), .are_elsewhere = are_elsewhere_};
    for (Taken& row : taken_) out.libraries.push_back(std::move(row.library));
    return out;
  }

  const Context& context_;
  std::string_view version_;
  const Architecture& architecture_;
  const std::vector<Extension>& extensions_;
  std::vector<LibraryRow> rows_;
  LibraryScan scan_;
  size_t next_ = 0;  // of the scan's directories, the first that was not taken
  std::vector<Taken> taken_;
  using Failure = std::pair<std::string, Error>;  // the name in its directory
  std::vector<Failure> failures_;
  std::set<std::string> read_paths_;
  std::vector<std::string> directories_;
  size_t accepted_ = 0;  // 64-bit libraries of the driver's version
  bool is_any_unneeded_ = false;
  bool are_elsewhere_ = false;
  std::string rejection_;  // the first library of another kind of machine
};

}  // namespace

Result<Libraries> find_libraries(const Context& context, std::string_view version,
                                 const std::vector<Extension>& extensions) {
  return Finder(context, version, extensions).run();
}

namespace {

struct SpecialLink {
  std::string_view file_prefix;
  std::string_view target;  // empty: the file
  std::string_view link;
};

constexpr SpecialLink special_links[] = {
    {"libcuda.so.", "libcuda.so.1", "libcuda.so"},
    {"libGLX_nvidia.so.", "", "libGLX_indirect.so.0"},
    {"libnvidia-opticalflow.so.", "libnvidia-opticalflow.so.1", "libnvidia-opticalflow.so"},
};

// "libcuda.so.1" -> "libcuda.so"; the name itself when it has no ".so".
std::string_view development_name(std::string_view soname) {
  const size_t at = soname.rfind(".so");
  return at == std::string_view::npos ? soname : soname.substr(0, at + 3);
}

}  // namespace

std::vector<HostLink> links_for(const Context& context, const ScannedDirectory& directory,
                                std::string_view file, std::string_view soname,
                                Capabilities serves) {
  std::vector<HostLink> links;
  const auto add = [&](std::string_view target, std::string_view name) {
    HostLink link = {std::string(target), path::join(directory.path, name), serves};
    if (std::ranges::find(links, link) == links.end()) links.push_back(std::move(link));
  };
  const auto add_if_on_host = [&](std::string_view target, std::string_view name) {
    if (target == name) return;
    const Result<bool> is_there = directory.has_link(std::string(name));
    if (!is_there) return context.problem(is_there.error().full_message());
    if (*is_there) add(target, name);
  };
  for (const SpecialLink& row : special_links) {
    // A file that is called by its SONAME already (a Tegra's libGLX_nvidia.so.0) has none.
    const bool is_it =
        file.starts_with(row.file_prefix) && file.substr(row.file_prefix.size()).contains('.');
    if (is_it) add(row.target.empty() ? file : row.target, row.link);
  }
  add_if_on_host(file, soname);
  add_if_on_host(soname, development_name(soname));
  return links;
}

}  // namespace nvbox::driver
