#include "runtime/graphics_needs.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "driver/discover.h"
#include "driver/library_directories.h"
#include "host/locate.h"

namespace nvbox::runtime {
namespace {

struct Needed {
  std::string_view soname;
  std::string_view package;  // Debian's
};

// libGLX_nvidia, which is the Vulkan driver as well, is linked against the first; the second is
// what EGL and, without a display, Vulkan are started by.
constexpr Needed needed[] = {{"libXext.so.6", "libxext6"}, {"libEGL.so.1", "libegl1"}};

}  // namespace

std::string missing_for_graphics(const host::Root& image) {
  const auto directories =
      driver::standard_directories(driver::architecture_of(driver::own_machine));
  host::Locator locator(image);
  const auto has = [&](std::string_view soname) {
    return std::ranges::any_of(directories, [&](const driver::LibraryDirectory& directory) {
      const auto found = locator.find(directory.path, soname, host::Sought::file);
      return found && *found;
    });
  };
  std::vector<std::string> names;
  std::vector<std::string> packages;
  for (const auto& [soname, package] : needed) {
    if (has(soname)) continue;
    names.emplace_back(soname);
    packages.emplace_back(package);
  }
  if (names.empty()) return {};
  return cat("the image has no ", join(names, " and no "),
             ", which the driver's OpenGL, EGL and Vulkan need; install Debian's ",
             join(packages, " and "), ", or what it is called there, in the image");
}

void note_missing_for_graphics(const spec::OciSpec& spec, const std::string& bundle,
                               const Log& log) {
  const auto path = spec.root_directory(bundle);
  if (!path || path->empty()) return;
  const auto image = host::Root::open_container(*path);
  if (!image) return;
  const std::string missing = missing_for_graphics(*image);
  if (!missing.empty()) log.info(missing);
}

}  // namespace nvbox::runtime
