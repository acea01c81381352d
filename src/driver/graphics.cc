#include "driver/graphics.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "driver/architecture.h"
#include "driver/driver_files.h"
#include "host/locate.h"

namespace nvbox::driver {
namespace {

using host::Found;
using host::Sought;

// Places of X.Org's modules that do not depend on where the driver's libraries are.
constexpr std::string_view xorg_directories[] = {"/usr/lib/xorg", "/usr/lib64/xorg",
                                                 "/usr/X11R6/lib", "/usr/X11R6/lib64"};

constexpr std::string_view module_directories[] = {"modules/drivers", "modules/extensions",
                                                   "modules/updates/drivers",
                                                   "modules/updates/extensions"};

constexpr std::string_view nixos_directory = "/run/opengl-driver";

class GraphicsFinder {
 public:
  explicit GraphicsFinder(const Context& context)
      : context_(context), locator_(context.roots.driver) {}

  Graphics run(std::string_view version, const Libraries& libraries) {
    add_library_links(libraries);
    if (context_.wants(graphical)) add_xorg_modules(version, libraries.directories);
    add_data();
    return std::move(out_);
  }

 private:
  // The plug-in of GBM is the allocator under another name, and Vulkan's producer is asked for by
  // a name without version; the links are made even where the host lacks them.
  void add_library_links(const Libraries& libraries) {
    for (const Library& library : libraries.libraries) {
      if (library.is_32_bit || !context_.wants(graphical)) continue;
      const std::string_view folder = path::parent(library.path);
      const std::string_view file = path::base_name(library.path);
      if (file.starts_with("libnvidia-allocator.so.")) {
        out_.links.push_back({"../libnvidia-allocator.so.1",
                              path::join(folder, "gbm/nvidia-drm_gbm.so"), graphical});
      }
      if (file.starts_with("libnvidia-vulkan-producer.so.")) {
        out_.links.push_back(
            {std::string(file), path::join(folder, "libnvidia-vulkan-producer.so"), graphical});
      }
    }
  }

  static std::vector<std::string> module_places(const std::vector<std::string>& libraries) {
    std::vector<std::string> out;
    for (const std::string& directory : libraries) {
      out.push_back(path::join(directory, "nvidia/xorg"));
      for (const std::string_view modules : module_directories) {
        out.push_back(path::join(path::join(directory, "xorg"), modules));
      }
    }
    for (const std::string_view directory : xorg_directories) {
      for (const std::string_view modules : module_directories) {
        out.push_back(path::join(directory, modules));
      }
    }
    return out;
  }

  void add_xorg_modules(std::string_view version, const std::vector<std::string>& libraries) {
    const std::vector<std::string> places = module_places(libraries);
    const std::string glx = cat("libglxserver_nvidia.so.", version);
    for (const std::string& name : {std::string("nvidia_drv.so"), glx}) {
      auto found = context_.or_problem(locator_.find_first(places, name, Sought::file));
      if (!found) continue;
      if (name == glx) {
        out_.links.push_back(
            {glx, path::join(path::parent(found->place), "libglxserver_nvidia.so"), graphical});
      }
      out_.files.push_back(
          {FileKind::data, std::move(found->path), std::move(found->place), graphical});
    }
  }

  std::vector<std::string> data_directories() {
    const std::vector<std::string>& chosen = context_.search.config_directories;
    if (!chosen.empty()) return chosen;
    std::string_view configured = context_.search.xdg_data_dirs;
    if (configured.empty()) configured = "/usr/local/share:/usr/share";
    std::vector<std::string> out = {"/etc"};
    for (const std::string_view entry : split(configured, ':')) {
      if (entry.starts_with('/')) out.push_back(path::clean(entry));
    }
    for (const std::string_view name : {"share", "etc"}) {
      const auto found =
          context_.or_problem(locator_.find(nixos_directory, name, Sought::directory));
      if (found) out.push_back(found->place);
    }
    return out;
  }

  void add_data() {
    const Architecture& architecture = architecture_of(context_.search.machine);
    std::vector<std::string> bases;
    for (const DataRow& row : data_rows()) {
      if (!context_.wants(row.serves)) continue;
      if (bases.empty()) bases = data_directories();
      const std::string file = for_architecture(row.file, architecture);
      auto found = find_below(bases, file);
      if (!found && row.may_be_at_top) found = find_below({"/"}, file);
      if (!found) continue;
      out_.files.push_back({FileKind::data, std::move(found->path),
                            path::join(row.container_base, file), row.serves});
    }
  }

  std::optional<Found> find_below(const std::vector<std::string>& bases, std::string_view file) {
    std::vector<std::string> directories;
    directories.reserve(bases.size());
    for (const std::string& base : bases) {
      directories.push_back(path::join(base, path::parent(file)));
    }
    return context_.or_problem(
        locator_.find_first(directories, path::base_name(file), Sought::file));
  }

  const Context& context_;
  host::Locator locator_;
  Graphics out_;
};

}  // namespace

Graphics find_graphics(const Context& context, std::string_view version,
                       const Libraries& libraries) {
  return GraphicsFinder(context).run(version, libraries);
}

}  // namespace nvbox::driver
