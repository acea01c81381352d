#include "driver/discover.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "driver/context.h"
#include "driver/device_nodes.h"
#include "driver/extensions.h"
#include "driver/features.h"
#include "driver/files.h"
#include "driver/gpus.h"
#include "driver/kernel_module.h"
#include "driver/libraries.h"
#include "driver/platform.h"
#include "driver/product_facts.h"
#include "driver/tegra.h"
#include "driver/wsl.h"

namespace nvbox::driver {
namespace {

// NVIDIA's list (getExplicitDriverLibraryMounts of its pkg/nvcdi/driver-nvml.go).
constexpr std::string_view explicit_libraries[] = {"libEGL.so",
                                                   "libGL.so",
                                                   "libGLESv1_CM.so",
                                                   "libGLESv2.so",
                                                   "libGLX.so",
                                                   "libGLdispatch.so",
                                                   "libOpenCL.so",
                                                   "libOpenGL.so",
                                                   "libnvidia-api.so",
                                                   "libnvidia-egl-xcb.so",
                                                   "libnvidia-egl-xlib.so"};

Result<> add_files(const Context& context, Inventory& inventory) {
  const std::string& version = inventory.driver.version;
  std::vector<Extension> extensions = read_extensions(context);
  for (const std::string& stem : context.search.more_libraries) {
    extensions.push_back({ExtensionKind::library, Capabilities::all, stem});
  }
  Libraries libraries = NVBOX_TRY(find_libraries(context, version, extensions));
  Graphics graphics = find_graphics(context, version, libraries);
  inventory.files = std::move(graphics.files);
  inventory.extra_links = std::move(graphics.links);
  std::ranges::move(find_files(context, version, libraries, extensions),
                    std::back_inserter(inventory.files));
  inventory.libraries = std::move(libraries.libraries);
  inventory.library_directories = std::move(libraries.directories);
  return {};
}

Result<> discover_dgpu(const Context& context, const VersionText& told, Inventory& inventory) {
  const Need& need = context.need;
  inventory.driver = NVBOX_TRY(read_driver(context, told));
  if (need.gpus) inventory.gpus = find_gpus(context);
  if (need.facts) add_product_facts(context, inventory);
  inventory.control = control_nodes(context);
  if (need.imex_channels) inventory.imex_channels = imex_channels(context);
  if (need.files == Capabilities::none || need.only_nodes) return {};
  return add_files(context, inventory);
}

}  // namespace

Search search_from(const host::Environment& environment) {
  const auto variable = [&](std::string_view name) {
    return std::string(environment.get(name).value_or(""));
  };
  return {.path = variable("PATH"),
          .xdg_data_dirs = variable("XDG_DATA_DIRS"),
          .mps_directory = variable("CUDA_MPS_PIPE_DIRECTORY")};
}

void add_explicit_libraries(const std::vector<std::string>& feature_flags, Search& search) {
  constexpr std::string_view flag = "enable-explicit-driver-libraries";
  if (std::ranges::find(feature_flags, flag) == feature_flags.end()) return;
  search.more_libraries.assign(std::begin(explicit_libraries), std::end(explicit_libraries));
}

Result<Inventory> discover(const Roots& roots, const Search& search, const Need& need) {
  Inventory inventory;
  const Context context = {roots, search, need, inventory.problems, inventory.core_failures};
  const VersionText told = read_version_file(roots.host);
  const DriverKind kind = search.kind == DriverKind::none ? platform_of(roots, told) : search.kind;
  switch (kind) {
    case DriverKind::tegra:
      NVBOX_TRY(discover_tegra(context, told, inventory));
      break;
    case DriverKind::wsl:
      NVBOX_TRY(discover_wsl(context, inventory));
      break;
    case DriverKind::none:
    case DriverKind::dgpu:
      NVBOX_TRY(discover_dgpu(context, told, inventory));
      break;
  }
  if (need.features != Features::none) inventory.features = find_features(context);
  return inventory;
}

}  // namespace nvbox::driver
