#include "driver/extensions.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view directory = "/etc/nvbox/driver-files.d";
constexpr size_t largest_file = size_t{64} * 1024;

struct KindName {
  std::string_view word;
  ExtensionKind kind;
};

constexpr KindName kinds[] = {{"library", ExtensionKind::library},
                              {"binary", ExtensionKind::binary},
                              {"file", ExtensionKind::file}};

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> out;
  line = line.substr(0, line.find('#'));
  while (!(line = trim(line)).empty()) {
    const size_t end = line.find_first_of(" \t");
    out.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end, line.size()));
  }
  return out;
}

Result<Capabilities> parse_capabilities(std::string_view list) {
  Capabilities set = Capabilities::none;
  for (const std::string_view word : split(list, ',')) {
    const auto* const row = std::ranges::find(capability_names, word, &CapabilityName::word);
    if (row != std::end(capability_names)) {
      set = set | row->capability;
    } else if (word == "all") {
      set = Capabilities::all;
    } else {
      return Error(cat(quote(word), " is not a driver capability"));
    }
  }
  return set;
}

Result<> check_name(ExtensionKind kind, std::string_view name) {
  if (name.starts_with('/')) {
    if (path::clean(name) == name) return {};
    return Error(cat(quote(name), " is not a plain path; write ", path::clean(name)));
  }
  if (kind == ExtensionKind::file) return Error(cat(quote(name), " is not an absolute path"));
  if (name.contains('/')) return Error(cat(quote(name), " is neither a name nor an absolute path"));
  if (kind == ExtensionKind::library && !name.ends_with(".so")) {
    return Error(cat(quote(name),
                     " does not end with .so, as the name of a library without its "
                     "version does"));
  }
  return {};
}

Result<Extension> parse_line(const std::vector<std::string_view>& fields) {
  if (fields.size() != 3) return Error("expected library|binary|file CAPABILITIES NAME-OR-PATH");
  const auto* const kind = std::ranges::find(kinds, fields[0], &KindName::word);
  if (kind == std::end(kinds)) {
    return Error(cat(quote(fields[0]), " is none of library, binary and file"));
  }
  const Capabilities serves = NVBOX_TRY(parse_capabilities(fields[1]));
  NVBOX_TRY(check_name(kind->kind, fields[2]));
  return Extension{kind->kind, serves, std::string(fields[2])};
}

}  // namespace

Extensions parse_extensions(std::string_view text, std::string_view source) {
  Extensions out;
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.empty()) continue;
    Result<Extension> row = parse_line(fields);
    if (row) {
      out.rows.push_back(std::move(row).value());
    } else {
      out.problems.push_back(cat(source, ":", number, ": ", row.error().message()));
    }
  }
  return out;
}

std::vector<Extension> read_extensions(const Context& context) {
  const host::Root& host = context.roots.host;
  std::vector<Extension> rows;
  for (const std::string& name :
       context.or_problem(host.list(directory)).value_or(std::vector<std::string>())) {
    if (!name.ends_with(".conf")) continue;
    const std::string file = path::join(directory, name);
    const auto text = context.or_problem(host.read(file, largest_file));
    Extensions parsed = parse_extensions(text.value_or(""), file);
    std::ranges::move(parsed.rows, std::back_inserter(rows));
    for (std::string& problem : parsed.problems) context.problem(std::move(problem));
  }
  return rows;
}

}  // namespace nvbox::driver
