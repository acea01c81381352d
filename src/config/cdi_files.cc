#include "config/cdi_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
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

// nullopt for a directory, and for a file that has gone since it was listed. Nothing but a regular
// file is opened, so that a FIFO cannot hold a container up (Root::read looks again).
Result<std::optional<std::string>> read_text(const host::Root& root, const std::string& path) {
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
  auto text = root.read(path, most_bytes);
  if (!text) return unreadable(text.error());
  return text;
}

}  // namespace

std::vector<std::string> kinds_of(std::span<const std::string> names) {
  std::vector<std::string> kinds;
  for (const std::string& name : names) kinds.push_back(name.substr(0, name.find('=')));
  keep_first(kinds);
  return kinds;
}

bool may_define(std::string_view text, const std::vector<std::string>& kinds) {
  // Looking for many words takes longer than reading the file.
  constexpr size_t most_words = 16;
  if (kinds.size() > most_words) return true;
  const bool is_utf16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  return is_utf16 || text.contains('\\') ||
         std::ranges::any_of(kinds, [&](const std::string& kind) { return text.contains(kind); });
}

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

}  // namespace nvbox::config
