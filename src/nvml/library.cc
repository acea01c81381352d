#include "nvml/library.h"

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

namespace nvbox::nvml {
namespace {

constexpr std::string_view soname = "libnvidia-ml.so.1";

std::vector<std::string> paths_of(const std::vector<driver::LibraryDirectory>& directories) {
  std::vector<std::string> paths;
  paths.reserve(directories.size());
  for (const driver::LibraryDirectory& directory : directories) paths.push_back(directory.path);
  return paths;
}

std::optional<std::string> find_discovered(const driver::Inventory& inventory) {
  const auto found = std::ranges::find_if(inventory.libraries, [](const driver::Library& library) {
    return library.soname == soname && !library.is_32_bit;
  });
  if (found == inventory.libraries.end()) return std::nullopt;
  return found->path;
}

// Whether it is a library of this machine's kind; a link to nothing is none.
bool is_usable(const driver::Context& context, const std::string& path) {
  const Result<sys::Fd> file = context.roots.driver.open_at(path, O_RDONLY);
  if (!file) return false;
  const auto info = host::read_elf(file->get());
  return info && *info && (*info)->is_64 &&
         (*info)->machine == driver::architecture_of(context.search.machine).machine;
}

// The file itself, if it is one: the helper may see other links than we do.
std::optional<std::string> usable_file(const driver::Context& context, const std::string& path) {
  auto resolved = context.or_problem(context.roots.driver.resolve(path));
  if (!resolved || !is_usable(context, *resolved)) return std::nullopt;
  return resolved;
}

// One look in each of the directories, before any is listed.
std::optional<std::string> find_directly(const driver::Context& context, const std::string& name,
                                         const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    if (auto found = usable_file(context, path::join(directory, name))) return found;
  }
  return std::nullopt;
}

std::optional<std::string> find_listed(const driver::Context& context, const std::string& name,
                                       const driver::LibraryScan& scan) {
  for (const driver::ScannedDirectory& directory : scan.directories()) {
    if (std::ranges::find(directory.versioned, name, &driver::ScannedName::name) ==
        directory.versioned.end()) {
      continue;
    }
    if (auto found = usable_file(context, path::join(directory.path, name))) return found;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> find_library(const driver::Context& context,
                                 const driver::Inventory& inventory) {
  // A Tegra's has only its SONAME.
  const bool is_tegra = inventory.driver.kind == driver::DriverKind::tegra;
  const std::string version = is_tegra ? "1" : inventory.driver.version;
  const std::string name = cat("libnvidia-ml.so.", version);
  if (auto found = find_discovered(inventory)) return *std::move(found);
  const driver::Architecture& architecture = driver::architecture_of(context.search.machine);
  const std::vector<std::string>& configured = context.search.library_directories;
  const std::vector<std::string> direct =
      configured.empty() ? paths_of(driver::standard_directories(architecture)) : configured;
  if (auto found = find_directly(context, name, direct)) return *std::move(found);
  driver::LibraryScan scan(context, version, {});
  if (configured.empty()) {
    scan.add(driver::standard_directories(architecture));
    scan.add(driver::unusual_directories(architecture));
    scan.add(driver::cached_directories(context));
  }
  if (auto found = find_listed(context, name, scan)) return *std::move(found);
  if (auto mismatch = scan.mismatch()) return *std::move(mismatch);
  return Error(cat(name, " for ", architecture.name, " is in no library directory below ",
                   context.roots.driver.path()))
      .hint("install the driver's package with NVML");
}

}  // namespace nvbox::nvml
