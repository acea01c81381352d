#include "config/cdi_registry.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::config {
namespace {

// A hundred times what a host with eight GPUs, each in seven instances, needs.
constexpr size_t most_mebibytes = 8;
constexpr size_t most_bytes = most_mebibytes * 1024 * 1024;

// NVIDIA's toolkit reads these and no others; ".yml" is not among them.
constexpr std::string_view suffixes[] = {".json", ".yaml"};

bool is_specification(std::string_view name) {
  return std::ranges::any_of(suffixes, [&](auto suffix) { return name.ends_with(suffix); });
}

struct FileType {
  mode_t type;
  std::string_view name;
};

constexpr FileType file_types[] = {
    {S_IFIFO, "a FIFO"}, {S_IFSOCK, "a socket"}, {S_IFCHR, "a device"}, {S_IFBLK, "a device"}};

Error not_regular(mode_t mode) {
  const auto found = std::ranges::find(file_types, mode & mode_t{S_IFMT}, &FileType::type);
  return Error(cat("is ", found == std::end(file_types) ? "something" : found->name,
                   ", not a regular file"))
      .hint("remove it");
}

Error unreadable(const Error& error) {
  return Error(cat("cannot be read: ",
                   error.code() == 0 ? error.message() : std::string(errno_text(error.code()))));
}

// What is at a path of which no text could be read: nullopt for a directory, and for a file that
// has gone since it was listed.
Result<std::optional<std::string>> without_text(const host::Root& root, const std::string& path,
                                                const Error& error) {
  const auto info = root.stat(path);
  if (!info) return unreadable(info.error());
  if (!*info) {
    const auto target = root.read_link(path);
    if (!target || !*target) return std::nullopt;
    return Error(cat("is a link to ", quote(**target), ", which does not exist"));
  }
  const struct stat& file = **info;
  if (S_ISDIR(file.st_mode)) return std::nullopt;
  if (!S_ISREG(file.st_mode)) return not_regular(file.st_mode);
  if (file.st_size > static_cast<off_t>(most_bytes)) {
    return Error(cat("is larger than ", most_mebibytes, " MiB"));
  }
  return unreadable(error);
}

// There may be thousands, so what kind of file it is, is asked only where reading fails: Root::read
// opens nothing but a regular file, so that a FIFO cannot hold a container up.
Result<std::optional<std::string>> read_text(const host::Root& root, const std::string& path) {
  auto text = root.read(path, most_bytes);
  if (text && *text) return text;
  return without_text(root, path, text ? Error("has gone") : text.error());
}

// "vendor/class" of each qualified name, without repetition.
std::vector<std::string> kinds_of(std::span<const std::string> names) {
  std::vector<std::string> kinds;
  for (const std::string& name : names) kinds.push_back(name.substr(0, name.find('=')));
  keep_first(kinds);
  return kinds;
}

// The specifications of one directory are added to contents.files and what cannot be used to
// contents.problems. A directory that does not exist is empty. Of files that cannot define one of
// the kinds nothing is parsed; no kind at all means every kind.
void read_cdi_directory(const host::Root& root, const std::string& directory,
                        const std::vector<std::string>& kinds, CdiContents& contents) {
  const auto report = [&](CdiCause cause, const std::string& path, const Error& error) {
    contents.problems.push_back({cause, path, error.full_message()});
  };
  const auto names = root.list(directory);
  if (!names) return report(CdiCause::file, directory, unreadable(names.error()));
  for (const std::string& name : names->value_or(std::vector<std::string>())) {
    if (!is_specification(name)) continue;
    const std::string path = path::join(directory, name);
    const auto text = read_text(root, path);
    if (!text) report(CdiCause::file, path, text.error());
    if (!text || !*text || (!kinds.empty() && !may_define(**text, kinds))) continue;
    auto parsed = spec::parse_cdi_text(**text);
    if (!parsed) {
      report(CdiCause::content, path, parsed.error());
    } else if (kinds.empty() || std::ranges::find(kinds, parsed->kind) != kinds.end()) {
      contents.files.push_back({path, *std::move(parsed), spec::read_stamp(**text)});
    }
  }
}

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

namespace {

// More would hide the rest of the line.
constexpr size_t most_candidates = 24;
constexpr size_t most_problems = 4;
constexpr size_t most_kinds = 4;

std::string join_some(std::span<const std::string> words, size_t most, std::string_view separator) {
  if (words.size() <= most) return join(words, separator);
  return cat(join(words.first(most), separator), separator, "and ", words.size() - most, " more");
}

// "0" before "10": as people count.
bool counts_before(const std::string& left, const std::string& right) {
  const auto a = parse_number<unsigned long>(left);
  const auto b = parse_number<unsigned long>(right);
  if (a && b) return *a < *b;
  return a.has_value() != b.has_value() ? a.has_value() : left < right;
}

std::vector<std::string> devices_of(std::string_view kind, const CdiContents& contents) {
  std::vector<std::string> out;
  for (const CdiDefinition& definition : contents.definitions) {
    const std::string_view name = definition.name;
    if (name.substr(0, name.find('=')) == kind) out.emplace_back(name.substr(kind.size() + 1));
  }
  std::ranges::sort(out, counts_before);
  return out;
}

std::string unknown_kind(std::string_view kind, const CdiDirectories& directories,
                         const CdiContents& contents) {
  std::string out =
      cat("no specification in ", join(directories.paths, ", "), " has the kind ", quote(kind));
  std::vector<std::string_view> known;
  for (const CdiFile& file : contents.files) known.emplace_back(file.spec.kind);
  if (const auto meant = did_you_mean(kind, known)) return cat(out, ", did you mean ", *meant, "?");
  if (kind == "nvidia.com/gpu") {
    return cat(out, ": make one with 'nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml'");
  }
  return out;
}

std::string candidates(std::string_view kind, const CdiDirectories& directories,
                       const CdiContents& contents) {
  const std::vector<std::string> devices = devices_of(kind, contents);
  if (devices.empty()) return unknown_kind(kind, directories, contents);
  return cat(kind, " has ", join_some(devices, most_candidates, ", "));
}

}  // namespace

Error unresolved_cdi(const CdiMatch& match, const CdiDirectories& directories,
                     const CdiContents& contents) {
  std::vector<std::string> advice;
  const std::vector<std::string> kinds = kinds_of(match.unresolved);
  for (const std::string& kind : std::span(kinds).first(std::min(kinds.size(), most_kinds))) {
    advice.push_back(candidates(kind, directories, contents));
  }
  std::vector<CdiProblem> sorted = match.problems;
  std::ranges::stable_sort(sorted, {}, &CdiProblem::cause);
  std::vector<std::string> problems;
  problems.reserve(sorted.size());
  for (const CdiProblem& problem : sorted) problems.push_back(problem.text());
  if (!problems.empty()) advice.push_back(join_some(problems, most_problems, "; "));
  // The names are the container's words.
  return Error(cat("unresolvable CDI devices ",
                   printable(join_some(match.unresolved, most_candidates, ", "))))
      .hint(join(advice, "; "));
}

bool may_define(std::string_view text, const std::vector<std::string>& kinds) {
  // Several times as fast as std::string_view::find, which stops at every occurrence of the first
  // character.
  const auto names = [&](const std::string& kind) {
    return memmem(text.data(), text.size(), kind.data(), kind.size()) != nullptr;
  };
  // Looking for many words takes longer than reading the file.
  constexpr size_t most_words = 16;
  if (kinds.size() > most_words) return true;
  const bool is_utf16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  return is_utf16 || text.contains('\\') || std::ranges::any_of(kinds, names);
}

}  // namespace nvbox::config
