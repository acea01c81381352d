#include "hook/update_ld_cache_scan.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "host/container_file.h"
#include "host/ld_cache.h"

namespace nvbox::hook {
namespace {

constexpr size_t most_problems = 16;

// What package managers leave while they work (glibc 2.39 skips them as well).
bool is_temporary_name(std::string_view name) {
  return name.contains(';') || name.ends_with(".dpkg-new") || name.ends_with(".dpkg-tmp");
}

// Whether a known name leads to this versioned file by its name alone: libx.so.1 to libx.so.1.2.3.
// A development link, libx.so, does not count: libx.so.1 has its own entry.
bool is_behind_known_link(std::string_view name, const LibraryNameSet& known) {
  const size_t version = name.find(".so.");
  if (version == std::string_view::npos) return false;
  for (size_t dot = name.find('.', version + 4); dot != std::string_view::npos;
       dot = name.find('.', dot + 1)) {
    if (known.contains(name.substr(0, dot))) return true;
  }
  return false;
}

// A link stands for itself when it is the SONAME, or the development link of it: libx.so of
// libx.so.1. Any other link is one more file that claims the SONAME.
bool keeps_own_name(std::string_view link, std::string_view soname) {
  return link == soname || (link.ends_with(".so") && soname.starts_with(link));
}

// Files win over links, then higher versions over lower ones.
struct Candidate {
  std::string file;
  std::int32_t flags;
  bool is_link;

  bool is_better_than(const Candidate& other) const {
    if (is_link != other.is_link) return !is_link;
    return host::compare_library_names(file, other.file) > 0;
  }
};

}  // namespace

bool is_library_name(std::string_view name) {
  const bool library = (name.starts_with("lib") || name.starts_with("ld-")) && name.contains(".so");
  const bool loader = name.starts_with("ld.so.") || name.starts_with("ld64.so.");
  return (library || loader) && !is_temporary_name(name);
}

bool LibraryNames::contains(std::string_view name) const {
  return std::ranges::binary_search(files, name) || std::ranges::binary_search(links, name);
}

// As host::visit_entries; the last directory that there are visits left for is visited wholly.
Result<> LibraryScanner::visit(int directory, const host::Visit& visitor) {
  if (visits_left_ == 0) return Error("too many names in the library directories");
  return host::visit_entries(directory, [&](std::string_view name, host::EntryKind kind) {
    if (visits_left_ > 0) --visits_left_;
    visitor(name, kind);
  });
}

std::vector<std::string> LibraryScanner::subdirectories(const std::string& directory) {
  std::vector<std::string> names;
  const auto opened = container_.open_at(directory, O_RDONLY | O_DIRECTORY);
  if (!opened) note(opened.error());
  if (!opened) return names;
  const auto visited = visit(opened->get(), [&](std::string_view name, host::EntryKind kind) {
    // A link may lead to a directory. The loader splits a list of such names at colons.
    const bool counts = kind == host::EntryKind::directory || kind == host::EntryKind::link;
    if (!counts || name.starts_with('.') || name.contains(':') || subdirectories_left_ == 0) return;
    --subdirectories_left_;
    names.emplace_back(name);
  });
  if (!visited) note(Error(visited.error()).in(directory));
  if (!visited) names.clear();
  std::ranges::sort(names);
  return names;
}

std::optional<LibraryNames> LibraryScanner::list(const std::string& directory) {
  auto opened = container_.open_at(directory, O_RDONLY | O_DIRECTORY);
  if (!opened) note(opened.error());
  if (!opened) return std::nullopt;
  LibraryNames names = {.directory = directory, .fd = std::move(opened).value()};
  const auto listed = visit(names.fd.get(), [&](std::string_view name, host::EntryKind kind) {
    if (!is_library_name(name) || names_left_ == 0) return;
    --names_left_;
    if (kind == host::EntryKind::file) names.files.emplace_back(name);
    if (kind == host::EntryKind::link) names.links.emplace_back(name);
  });
  if (!listed) note(Error(listed.error()).in(directory));
  if (!listed) return std::nullopt;
  // Directories give names in orders that are unlucky for std::sort.
  std::ranges::stable_sort(names.files);
  std::ranges::stable_sort(names.links);
  return names;
}

// An image has files of all kinds. Only a failure of the system is worth a word.
void LibraryScanner::note(const Error& error) {
  const bool is_failure = error.code() != 0 && error.code() != EISDIR && !host::is_absence(error);
  if (is_failure && problems_.size() < most_problems) problems_.push_back(error.message());
}

Result<std::optional<LibraryScanner::Library>> LibraryScanner::read_once(int found) {
  struct stat info {};
  if (fstat(found, &info) != 0) return Error("stat", errno);
  const auto [place, is_new] = read_.try_emplace({info.st_dev, info.st_ino});
  if (!is_new) return place->second;
  const host::ContainerFile file = NVBOX_TRY(host::open_found_file(found));
  const auto elf = NVBOX_TRY(host::read_elf(file.fd.get()));
  const auto flags = elf ? host::ld_cache_flags(*elf) : std::nullopt;
  // The loader never looks for a name with a slash in its cache.
  if (flags && !elf->soname.contains('/')) place->second = Library{elf->soname, *flags};
  return place->second;
}

std::optional<LibraryScanner::Library> LibraryScanner::look(const Result<sys::Fd>& found,
                                                            const std::string& path) {
  if (!found) note(found.error());
  if (!found) return std::nullopt;
  auto library = read_once(found->get());
  if (!library) note(Error(library.error()).in(path));
  return library ? std::move(library).value() : std::nullopt;
}

std::optional<LibraryScanner::Library> LibraryScanner::inspect_file(const LibraryNames& names,
                                                                    const std::string& name) {
  const std::string path = path::join(names.directory, name);
  // One component and no link: this cannot leave the directory.
  sys::Fd found(openat(names.fd.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!found) return look(Error(cat("open ", path), errno), path);
  return look(std::move(found), path);
}

std::optional<LibraryScanner::Library> LibraryScanner::inspect_link(const LibraryNames& names,
                                                                    const std::string& name) {
  const std::string path = path::join(names.directory, name);
  return look(container_.open_at(path, O_PATH), path);
}

std::vector<FoundLibrary> LibraryScanner::scan(const LibraryNames& names,
                                               const LibraryNameSet& known) {
  std::map<std::string, Candidate> best;
  LibraryNameSet broken;
  const auto consider = [&](const std::string& key, Candidate candidate) {
    const auto [place, is_new] = best.try_emplace(key, candidate);
    if (!is_new && candidate.is_better_than(place->second)) place->second = std::move(candidate);
  };
  for (const std::string& file : names.files) {
    if (known.contains(file) || is_behind_known_link(file, known)) continue;
    const auto library = inspect_file(names, file);
    if (library) {
      consider(library->soname.empty() ? file : library->soname, {file, library->flags, false});
    }
  }
  for (const std::string& link : names.links) {
    if (known.contains(link) || is_behind_known_link(link, known)) continue;
    const auto library = inspect_link(names, link);
    if (!library) {
      broken.insert(link);
      continue;
    }
    const bool own_name = library->soname.empty() || keeps_own_name(link, library->soname);
    consider(own_name ? link : library->soname, {link, library->flags, own_name});
  }
  std::vector<FoundLibrary> found;
  for (auto& [name, candidate] : best) {
    const bool lacks_link = !names.contains(name) || broken.contains(name);
    found.push_back({name, std::move(candidate.file), candidate.flags, lacks_link});
  }
  return found;
}

}  // namespace nvbox::hook
