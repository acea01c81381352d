#include "driver/tegra_csv.h"

#include <algorithm>
#include <climits>
#include <optional>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::driver {
namespace {

struct KindRow {
  std::string_view word;
  CsvKind kind;
};

constexpr KindRow kinds[] = {{"dev", CsvKind::device},
                             {"dir", CsvKind::directory},
                             {"lib", CsvKind::file},
                             {"sym", CsvKind::link}};

// The entry, or what is wrong with the line.
Result<CsvEntry> parse_line(std::string_view line) {
  const size_t comma = line.find(',');
  if (comma == std::string_view::npos) return Error("not a type and a path with a comma between");
  const std::string_view word = trim(line.substr(0, comma));
  const std::string_view path = trim(line.substr(comma + 1));
  const auto* const row = std::ranges::find(kinds, word, &KindRow::word);
  if (row == std::end(kinds)) return Error(cat("unknown type ", excerpt(word)));
  if (!is_plain_path(path)) return Error(cat("not a path: ", excerpt(path)));
  // The whole of a host is nobody's driver.
  std::string clean = path::clean(cat("/", path));
  if (clean == "/") return Error("the root directory is given to nobody");
  // Of devices, a name alone is one below /dev.
  if (row->kind == CsvKind::device && !path.starts_with('/')) clean = cat("/dev", clean);
  return CsvEntry{.kind = row->kind, .path = std::move(clean)};
}

void note_skipped(CsvList& list, unsigned line, std::string_view why) {
  if (list.skipped++ == 0) list.first_skipped = cat("line ", line, ": ", why);
}

constexpr std::string_view base_names[] = {"devices.csv", "drivers.csv", "l4t.csv"};

bool is_csv_name(std::string_view name) {
  constexpr std::string_view extension = ".csv";
  return name.size() > extension.size() && lower(name).ends_with(extension);
}

// The files of a directory that count, by name; empty where there is none.
std::vector<std::string> files_in(const Context& context, const host::Root& root,
                                  const std::string& directory) {
  std::vector<std::string> files;
  const auto names = context.or_problem(root.list(directory));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const bool is_base = std::ranges::find(base_names, name) != std::end(base_names);
    if (is_base || (context.need.all_csv_files && is_csv_name(name))) {
      files.push_back(path::join(directory, name));
    }
  }
  return files;
}

std::optional<CsvFile> read_file(const Context& context, const host::Root& root,
                                 const std::string& path) {
  const std::string place = path::join(root.path(), path);
  auto text = root.read(path, most_csv_bytes);
  if (text && !*text) context.problem(cat(place, " does not exist"));
  const auto known = context.or_problem(std::move(text));
  if (!known) return std::nullopt;
  CsvFile file = {place, parse_csv(*known)};
  const CsvList& list = file.list;
  if (list.skipped > 0) {
    context.problem(cat(file.path, ": ", list.skipped, list.skipped == 1 ? " line" : " lines",
                        " skipped, the first is ", list.first_skipped));
  }
  return file;
}

}  // namespace

bool is_plain_path(std::string_view path) {
  const bool is_printable = std::ranges::all_of(
      path, [](char character) { return character >= ' ' && character <= '~'; });
  return is_printable && !path.empty() && path.size() < PATH_MAX && !path.contains("::");
}

CsvList parse_csv(std::string_view text) {
  CsvList list;
  unsigned number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    if (list.entries.size() == most_csv_entries) {
      note_skipped(list, number, "more entries than any board has; the rest is left out");
      break;
    }
    auto entry = parse_line(line);
    if (!entry) {
      note_skipped(list, number, entry.error().message());
      continue;
    }
    entry->line = number;
    list.entries.push_back(std::move(entry).value());
  }
  return list;
}

Result<std::vector<CsvFile>> read_csv_files(const Context& context) {
  const CsvSearch& search = context.search.csv;
  const std::string directory(search.directory.empty() ? CsvSearch::usual_directory
                                                       : std::string_view(search.directory));
  const host::Root* root = &context.roots.host;
  std::vector<std::string> paths = search.files;
  if (paths.empty()) paths = files_in(context, *root, directory);
  // A driver that is installed elsewhere may have brought its own.
  if (paths.empty() && context.roots.driver.path() != root->path()) {
    root = &context.roots.driver;
    paths = files_in(context, *root, directory);
  }
  std::vector<CsvFile> files;
  for (const std::string& path : paths) {
    auto file = read_file(context, *root, path);
    if (file && !file->list.entries.empty()) files.push_back(*std::move(file));
  }
  if (!files.empty()) return files;
  const std::string where = search.files.empty()
                                ? cat("devices.csv, drivers.csv and l4t.csv of ",
                                      path::join(context.roots.host.path(), directory))
                                : join(search.files, ", ");
  return Error(
             cat("nothing says what containers get of this Tegra's driver: no entry is in ", where))
      .hint("install the packages of L4T for this board (nvidia-l4t-init, nvidia-container-csv)");
}

std::string place_of(const CsvFile& file, const CsvEntry& entry) {
  return cat(file.path, ":", entry.line);
}

}  // namespace nvbox::driver
