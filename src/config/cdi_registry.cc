#include "config/cdi_registry.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "config/cdi_files.h"

namespace nvbox::config {
namespace {

// A device by its position in CdiContents.
struct Place {
  size_t file;
  size_t device;
};

// Who defines a name, in one directory.
using Definitions = std::map<std::string, std::vector<Place>>;

// Of the files from `first` on, which are those of one directory.
Definitions definitions_of(const CdiContents& contents, size_t first) {
  Definitions out;
  for (size_t file = first; file < contents.files.size(); ++file) {
    const spec::CdiSpec& spec = contents.files[file].spec;
    for (size_t device = 0; device < spec.devices.size(); ++device) {
      out[cat(spec.kind, "=", spec.devices[device].name)].push_back({file, device});
    }
  }
  return out;
}

// One problem for all names that the same files define.
void report_conflicts(const Definitions& definitions, CdiContents& contents) {
  std::map<std::vector<std::string>, std::vector<std::string>> names_of;
  for (const auto& [name, places] : definitions) {
    if (places.size() < 2) continue;
    std::vector<std::string> files;
    for (const Place& place : places) files.push_back(contents.files[place.file].path);
    names_of[std::move(files)].push_back(name);
  }
  for (const auto& [files, names] : names_of) {
    const std::vector<std::string> others(files.begin() + 1, files.end());
    contents.problems.push_back({CdiCause::conflict, files.front(),
                                 cat(join(names, ", "), " also defined by ", join(others, ", "),
                                     ": of equal priority, so neither is used")});
  }
}

Definitions read_directory(const host::Root& root, const std::string& directory,
                           const std::vector<std::string>& kinds, CdiContents& contents) {
  const size_t first = contents.files.size();
  read_cdi_directory(root, directory, kinds, contents);
  Definitions definitions = definitions_of(contents, first);
  report_conflicts(definitions, contents);
  return definitions;
}

// From the last directory on, and no further than the last name needs.
Definitions search(const CdiDirectories& directories, const std::vector<std::string>& names,
                   CdiContents& contents) {
  Definitions found;
  std::unordered_set<std::string> missing(names.begin(), names.end());
  const std::vector<std::string> kinds = kinds_of(names);
  const std::vector<std::string>& paths = directories.paths;
  for (auto path = paths.rbegin(); path != paths.rend() && !missing.empty(); ++path) {
    for (auto& [name, places] : read_directory(directories.root, *path, kinds, contents)) {
      if (missing.erase(name) > 0) found.insert_or_assign(name, std::move(places));
    }
  }
  return found;
}

CdiMatch combine(std::span<const Place> places, CdiContents contents) {
  CdiMatch match;
  std::vector<size_t> used;
  for (const Place& place : places) {
    const spec::CdiSpec& spec = contents.files[place.file].spec;
    if (std::ranges::find(used, place.file) == used.end()) {
      used.push_back(place.file);
      spec::merge(match.edits, spec.edits);
    }
    spec::merge(match.edits, spec.devices[place.device].edits);
  }
  for (const size_t file : used) match.files.push_back(std::move(contents.files[file]));
  match.problems = std::move(contents.problems);
  return match;
}

}  // namespace

std::string CdiProblem::text() const {
  return printable(cat(file, ": ", message));
}

CdiContents load_all_cdi(const CdiDirectories& directories) {
  CdiContents contents;
  Definitions all;
  for (const std::string& directory : directories.paths) {
    for (auto& [name, places] : read_directory(directories.root, directory, {}, contents)) {
      all.insert_or_assign(name, std::move(places));
    }
  }
  for (const auto& [name, places] : all) {
    if (places.size() > 1) continue;
    contents.definitions.push_back({name, places.front().file, places.front().device});
  }
  return contents;
}

CdiMatch find_cdi(const CdiDirectories& directories, const std::vector<std::string>& names) {
  CdiContents contents;
  const Definitions found = search(directories, names, contents);
  std::vector<Place> places;
  CdiMatch match;
  for (const std::string& name : names) {
    const auto definition = found.find(name);
    if (definition == found.end() || definition->second.size() > 1) {
      match.unresolved.push_back(name);
    } else {
      places.push_back(definition->second.front());
    }
  }
  if (match.unresolved.empty()) return combine(places, std::move(contents));
  match.problems = std::move(contents.problems);
  return match;
}

}  // namespace nvbox::config
