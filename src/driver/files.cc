#include "driver/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/list.h"
#include "base/path.h"
#include "base/text.h"
#include "driver/architecture.h"
#include "driver/driver_files.h"
#include "host/locate.h"
#include "sys/cgroup.h"

namespace nvbox::driver {
namespace {

using host::Found;
using host::Sought;

// NixOS, whose services have no PATH with it, and Talos.
constexpr std::string_view odd_program_directories[] = {"/run/current-system/sw/bin",
                                                        "/usr/local/glibc/usr/bin"};

bool is_usual(std::string_view directory) {
  return contains(host::usual_program_directories, directory);
}

// A program of an unusual place (NixOS, /opt) would not be on a container's PATH there.
std::string program_in_container(const Found& found) {
  if (is_usual(path::parent(found.place))) return found.place;
  return path::join("/usr/bin", path::base_name(found.place));
}

struct Owned {
  uid_t uid;
  mode_t mode;
};

Result<Owned> owned(const host::Root& root, const std::string& path) {
  const sys::Fd fd = NVBOX_TRY(root.open_at(path, O_PATH | O_NOFOLLOW));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return Error(cat("stat ", path), errno);
  return Owned{info.st_uid, info.st_mode};
}

// Whether nobody but root, or who runs this, can put something else in the place of a directory on
// the way to `path`, which has no links. unlink(2): in a directory with the sticky bit others can
// exchange only what is theirs. In a user namespace root is as nameless as everybody else, and what
// can be mounted is the user's own.
Result<bool> is_fixed(const host::Root& root, const std::string& path) {
  const auto is_trusted = [](uid_t uid) { return uid == 0 || uid == geteuid(); };
  Owned parent = NVBOX_TRY(owned(root, "/"));
  std::string walked;
  for (const std::string_view name : path::components(path)) {
    walked += cat("/", name);
    const Owned child = NVBOX_TRY(owned(root, walked));
    const bool is_open = (parent.mode & mode_t{S_IWGRP | S_IWOTH}) != 0;
    const bool is_kept =
        !is_open || ((parent.mode & mode_t{S_ISVTX}) != 0 && is_trusted(child.uid));
    if (!is_trusted(parent.uid) || !is_kept) return sys::is_in_user_namespace();
    parent = child;
  }
  return true;
}

class FileFinder {
 public:
  FileFinder(const Context& context, std::string_view version, bool is_elsewhere)
      : context_(context),
        version_(version),
        is_elsewhere_(is_elsewhere),
        locator_(context.roots.driver) {}

  std::vector<HostFile> run(const std::vector<Extension>& extensions) {
    add_sockets();
    add_mps_directory();
    add_firmware();
    add_programs(extensions);
    add_extensions(extensions);
    return std::move(files_);
  }

 private:
  void add(FileKind kind, std::optional<Found> found, Capabilities serves) {
    if (!found) return;
    files_.push_back({kind, std::move(found->path), std::move(found->place), serves});
  }

  void add_sockets() {
    for (const SocketRow& row : socket_rows()) {
      if (!context_.wants(row.serves)) continue;
      const std::string directories[] = {path::join("/run", row.directory),
                                         path::join("/var/run", row.directory)};
      add(FileKind::socket,
          context_.or_problem(locator_.find_first(directories, "socket", Sought::socket)),
          row.serves);
    }
  }

  // Everybody may make a link in /tmp, so one there is not followed: it could name any directory of
  // the host.
  void add_mps_directory() {
    if (!context_.wants(Capabilities::compute)) return;
    const std::string& configured = context_.search.mps_directory;
    const std::string directory = path::clean(configured.empty() ? "/tmp/nvidia-mps" : configured);
    if (!directory.starts_with('/') || directory == "/") return;
    auto path = context_.or_problem(mps_path(directory));
    if (path) files_.push_back({FileKind::directory, *path, directory, Capabilities::compute});
  }

  Result<std::optional<std::string>> mps_path(const std::string& directory) const {
    const host::Root& root = context_.roots.driver;
    const Result<sys::Fd> fd = root.open_at(directory, O_PATH | O_NOFOLLOW);
    const bool is_absent = !fd && (fd.error().code() == EACCES || host::is_absence(fd.error()));
    if (is_absent) return std::nullopt;
    if (!fd) return fd.error();
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return Error(cat("stat ", directory), errno);
    if (S_ISLNK(info.st_mode)) {
      return Error(cat(directory, " is a symbolic link and is not given to containers"));
    }
    if (!S_ISDIR(info.st_mode)) return std::nullopt;
    std::string path = NVBOX_TRY(host::path_below(root, fd->get()));
    if (context_.need.exchangeable || NVBOX_TRY(is_fixed(root, path))) return path;
    return Error(cat(directory, " is not given to containers: others than root can exchange it"))
        .hint("start the MPS control daemon as root");
  }

  // Where the kernel looks (drivers/base/firmware_loader/main.c, fw_path).
  std::vector<std::string> firmware_directories() const {
    const host::Root& host = context_.roots.host;
    const auto read = [&](std::string_view file) {
      const auto text = context_.or_problem(host.read(file));
      return std::string(trim(text.value_or("")));
    };
    const std::string configured = read("/sys/module/firmware_class/parameters/path");
    const std::string release = read("/proc/sys/kernel/osrelease");
    std::vector<std::string> out;
    if (configured.starts_with('/')) out.push_back(configured);
    for (const std::string_view base : {"/lib/firmware/updates", "/lib/firmware"}) {
      if (!release.empty()) out.push_back(path::join(base, release));
      out.emplace_back(base);
    }
    return out;
  }

  // For any capability: whoever opens the device may have to load it.
  void add_firmware() {
    if (context_.need.files == Capabilities::none) return;
    for (const std::string& base : firmware_directories()) {
      const std::string folder = cat(path::join(base, "nvidia"), "/", version_);
      const auto names = context_.or_problem(context_.roots.driver.list(folder));
      for (const std::string& name : names.value_or(std::vector<std::string>())) {
        if (!name.starts_with("gsp") || !name.ends_with(".bin")) continue;
        add(FileKind::firmware, context_.or_problem(locator_.find(folder, name, Sought::file)),
            Capabilities::all);
      }
    }
  }

  void add_programs(const std::vector<Extension>& extensions) {
    std::vector<BinaryRow> rows(binary_rows().begin(), binary_rows().end());
    for (const Extension& extension : extensions) {
      if (extension.kind != ExtensionKind::binary || extension.name.starts_with('/')) continue;
      rows.push_back({extension.name, extension.serves});
    }
    std::vector<std::string> directories;
    for (const std::string& directory : host::program_directories(context_.search.path)) {
      add_once(directories, path::clean(directory));
    }
    if (is_elsewhere_) {
      for (const std::string_view odd : odd_program_directories) directories.emplace_back(odd);
    }
    for (const BinaryRow& row : rows) {
      if (!context_.wants(row.serves)) continue;
      auto found = context_.or_problem(locator_.find_first(directories, row.name, Sought::program));
      if (found) found->place = program_in_container(*found);
      add(FileKind::binary, std::move(found), row.serves);
    }
  }

  // What a site names by path.
  void add_extensions(const std::vector<Extension>& extensions) {
    for (const Extension& row : extensions) {
      if (row.kind == ExtensionKind::library || !row.name.starts_with('/')) continue;
      if (!context_.wants(row.serves)) continue;
      const bool is_binary = row.kind == ExtensionKind::binary;
      add(is_binary ? FileKind::binary : FileKind::data,
          context_.or_problem(locator_.find(path::parent(row.name), path::base_name(row.name),
                                            is_binary ? Sought::program : Sought::file)),
          row.serves);
    }
  }

  const Context& context_;
  std::string_view version_;
  bool is_elsewhere_;
  host::Locator locator_;
  std::vector<HostFile> files_;
};

}  // namespace

std::vector<HostFile> find_files(const Context& context, std::string_view version,
                                 const Libraries& libraries,
                                 const std::vector<Extension>& extensions) {
  return FileFinder(context, version, libraries.are_elsewhere).run(extensions);
}

namespace {

using host::Found;
using host::Sought;

// Places of X.Org's modules that do not depend on where the driver's libraries are.
constexpr std::string_view xorg_directories[] = {"/usr/lib/xorg", "/usr/lib64/xorg",
                                                 "/usr/X11R6/lib", "/usr/X11R6/lib64"};

constexpr std::string_view module_directories[] = {"modules/drivers", "modules/extensions",
                                                   "modules/updates/drivers",
                                                   "modules/updates/extensions"};

// NixOS and Talos.
constexpr std::string_view odd_data_directories[] = {
    "/run/opengl-driver/share", "/run/opengl-driver/etc", "/usr/local/glibc/usr/share",
    "/usr/local/glibc/etc"};

class GraphicsFinder {
 public:
  explicit GraphicsFinder(const Context& context)
      : context_(context), locator_(context.roots.driver) {}

  Graphics run(std::string_view version, const Libraries& libraries) {
    add_library_links(libraries);
    if (context_.wants(graphical)) add_xorg_modules(version, libraries.directories);
    add_data(libraries.are_elsewhere);
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

  std::vector<std::string> data_directories(bool are_elsewhere) {
    const std::vector<std::string>& chosen = context_.search.config_directories;
    if (!chosen.empty()) return chosen;
    std::string_view configured = context_.search.xdg_data_dirs;
    if (configured.empty()) configured = "/usr/local/share:/usr/share";
    std::vector<std::string> out = {"/etc"};
    for (const std::string_view entry : split(configured, ':')) {
      if (entry.starts_with('/')) out.push_back(path::clean(entry));
    }
    if (!are_elsewhere) return out;
    for (const std::string_view odd : odd_data_directories) {
      const auto found = context_.or_problem(
          locator_.find(path::parent(odd), path::base_name(odd), Sought::directory));
      if (found) out.push_back(found->place);
    }
    return out;
  }

  void add_data(bool are_elsewhere) {
    const Architecture& architecture = architecture_of(context_.search.machine);
    std::vector<std::string> bases;
    for (const DataRow& row : data_rows()) {
      if (!context_.wants(row.serves)) continue;
      if (bases.empty()) bases = data_directories(are_elsewhere);
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
