#include "driver/nvml_library.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "driver/architecture.h"
#include "driver/library_directories.h"
#include "driver/library_scan.h"
#include "host/elf.h"
#include "sys/fd.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view soname = "libnvidia-ml.so.1";

std::vector<std::string> paths_of(const std::vector<LibraryDirectory>& directories) {
  std::vector<std::string> paths;
  paths.reserve(directories.size());
  for (const LibraryDirectory& directory : directories) paths.push_back(directory.path);
  return paths;
}

std::optional<std::string> find_discovered(const Inventory& inventory) {
  const auto found = std::ranges::find_if(inventory.libraries, [](const Library& library) {
    return library.soname == soname && !library.is_32_bit;
  });
  if (found == inventory.libraries.end()) return std::nullopt;
  return found->path;
}

// Whether it is a library of this machine's kind; a link to nothing is none.
bool is_usable(const Context& context, const std::string& path) {
  const Result<sys::Fd> file = context.roots.driver.open_at(path, O_RDONLY);
  if (!file) return false;
  const auto info = host::read_elf(file->get());
  return info && *info && (*info)->is_64 &&
         (*info)->machine == architecture_of(context.search.machine).machine;
}

// The file itself, if it is one: the helper may see other links than we do.
std::optional<std::string> usable_file(const Context& context, const std::string& path) {
  auto resolved = context.or_problem(context.roots.driver.resolve(path));
  if (!resolved || !is_usable(context, *resolved)) return std::nullopt;
  return resolved;
}

// One look in each of the directories, before any is listed.
std::optional<std::string> find_directly(const Context& context, const std::string& name,
                                         const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    if (auto found = usable_file(context, path::join(directory, name))) return found;
  }
  return std::nullopt;
}

std::optional<std::string> find_listed(const Context& context, const std::string& name,
                                       const LibraryScan& scan) {
  for (const ScannedDirectory& directory : scan.directories()) {
    if (std::ranges::find(directory.versioned, name, &ScannedName::name) ==
        directory.versioned.end()) {
      continue;
    }
    if (auto found = usable_file(context, path::join(directory.path, name))) return found;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> find_nvml_library(const Context& context, const Inventory& inventory) {
  const std::string& version = inventory.driver.version;
  const std::string name = cat("libnvidia-ml.so.", version);
  if (auto found = find_discovered(inventory)) return *std::move(found);
  const Architecture& architecture = architecture_of(context.search.machine);
  const std::vector<std::string>& configured = context.search.library_directories;
  const std::vector<std::string> direct =
      configured.empty() ? paths_of(standard_directories(architecture)) : configured;
  if (auto found = find_directly(context, name, direct)) return *std::move(found);
  LibraryScan scan(context, version, {});
  if (configured.empty()) {
    scan.add(standard_directories(architecture));
    scan.add(unusual_directories(architecture));
    scan.add(cached_directories(context));
  }
  if (auto found = find_listed(context, name, scan)) return *std::move(found);
  if (auto mismatch = scan.mismatch()) return *std::move(mismatch);
  return Error(cat(name, " for ", architecture.name, " is in no library directory below ",
                   context.roots.driver.path()))
      .hint("install the driver's package with NVML");
}

}  // namespace nvbox::driver
