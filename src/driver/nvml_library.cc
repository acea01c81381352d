#include "driver/nvml_library.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "driver/architecture.h"
#include "driver/library_directories.h"
#include "driver/library_scan.h"
#include "nvbox/base/path.h"
#include "nvbox/base/text.h"
#include "nvbox/host/locate.h"

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

// One look in each of the usual directories, before any is listed.
std::optional<std::string> find_at_usual_place(const Context& context, const std::string& name) {
  const std::vector<std::string>& configured = context.search.library_directories;
  const std::vector<std::string> usual =
      paths_of(standard_directories(architecture_of(context.search.machine)));
  host::Locator locator(context.roots.driver);
  auto found = context.or_problem(
      locator.find_first(configured.empty() ? usual : configured, name, host::Sought::file));
  if (!found) return std::nullopt;
  return std::move(found->path);
}

}  // namespace

Result<std::string> find_nvml_library(const Context& context, const Inventory& inventory) {
  const std::string& version = inventory.driver.version;
  const std::string name = cat("libnvidia-ml.so.", version);
  if (auto found = find_discovered(inventory)) return *std::move(found);
  if (auto found = find_at_usual_place(context, name)) return *std::move(found);
  const Architecture& architecture = architecture_of(context.search.machine);
  LibraryScan scan(context, version, {});
  scan.add(standard_directories(architecture));
  scan.add(unusual_directories(architecture));
  scan.add(cached_directories(context));
  for (const ScannedDirectory& directory : scan.directories()) {
    const auto found = std::ranges::find(directory.versioned, name, &ScannedName::name);
    if (found != directory.versioned.end()) return path::join(directory.path, name);
  }
  const std::vector<std::string> others(scan.other_versions().begin(), scan.other_versions().end());
  if (!others.empty()) {
    return Error(cat("kernel module ", version, " is loaded but libraries ", join(others, " and "),
                     " are installed"))
        .hint("reboot, or reload the modules (rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)");
  }
  return Error(cat(name, " is in no library directory below ", context.roots.driver.path()))
      .hint("install the driver's package with NVML");
}

}  // namespace nvbox::driver
