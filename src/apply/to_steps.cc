#include "apply/to_steps.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "base/list.h"
#include "base/path.h"
#include "base/text.h"

namespace nvbox::apply {
namespace {

#if defined(__aarch64__)
constexpr std::string_view multiarch_native = "/usr/lib/aarch64-linux-gnu";
constexpr std::string_view multiarch_compat32 = "/usr/lib/arm-linux-gnueabihf";
#else
constexpr std::string_view multiarch_native = "/usr/lib/x86_64-linux-gnu";
constexpr std::string_view multiarch_compat32 = "/usr/lib/i386-linux-gnu";
#endif

constexpr std::string_view program_directory = "/usr/bin";

// The X server opens its modules by path, and every distribution has its own.
constexpr std::string_view x_modules = "/xorg/";

bool is_found_by_loader(std::string_view path) {
  const std::string_view name = path::base_name(path);
  return name.starts_with("lib") && is_library_name(name) && !path.contains(x_modules);
}

// From where libraries are on the host to where they go in this container. Libraries that the
// loader looks for end up in one directory; plug-ins keep their place relative to it.
class Places {
 public:
  Places(const ConfigureRequest& request, const HostFacts& host,
         const LibraryDirectories& directories) {
    if (!request.moves_libraries) return;
    for (const spec::Mount& mount : request.edits.mounts) {
      const std::string& path = mount.container_path;
      if (!is_found_by_loader(path)) continue;
      moved_.emplace(path::parent(path),
                     contains(host.libraries_32, path) ? directories.compat32 : directories.native);
    }
  }

  std::string folder(const std::string& path) const {
    const auto found = moved_.find(path);
    return found != moved_.end() ? found->second : below_moved(path);
  }

  std::string file(const std::string& path) const {
    if (!is_library_name(path::base_name(path)) || path.contains(x_modules)) return path;
    if (!is_found_by_loader(path)) return below_moved(path);
    const auto found = moved_.find(path::parent(path));
    if (found == moved_.end()) return below_moved(path);
    return path::join(found->second, path::base_name(path));
  }

  spec::Link link(const spec::Link& link) const {
    const std::string there = path::clean(link.target.starts_with('/')
                                              ? link.target
                                              : path::join(path::parent(link.link), link.target));
    const std::string moved_target = file(there);
    const std::string moved_link = file(link.link);
    if (moved_target == there && moved_link == link.link) return link;
    if (path::parent(moved_target) == path::parent(moved_link)) {
      return {std::string(path::base_name(moved_target)), moved_link};
    }
    return {moved_target, moved_link};
  }

 private:
  std::string below_moved(const std::string& path) const {
    std::string_view above = path;
    while (above.size() > 1) {
      above = path::parent(above);
      const auto found = moved_.find(above);
      if (found != moved_.end()) return path::join(found->second, path.substr(above.size()));
    }
    return path;
  }

  std::map<std::string, std::string, std::less<>> moved_;
};

sys::Restrictions restrictions_of(const spec::Mount& mount) {
  sys::Restrictions out = 0;
  if (contains(mount.options, "ro")) out |= MOUNT_ATTR_RDONLY;
  if (contains(mount.options, "nosuid")) out |= MOUNT_ATTR_NOSUID;
  if (contains(mount.options, "nodev")) out |= MOUNT_ATTR_NODEV;
  if (contains(mount.options, "noexec")) out |= MOUNT_ATTR_NOEXEC;
  return out;
}

// Without its libraries and programs a container has no GPU; sockets, firmware and the data files
// of graphics are for those who use them.
Source source_of(const spec::Mount& mount) {
  // A directory of nodes, for who has rights over MIG.
  if (mount.container_path.starts_with("/dev/")) return Source::anything;
  const bool is_needed = is_library_name(path::base_name(mount.container_path)) ||
                         path::parent(mount.container_path) == program_directory;
  return is_needed ? Source::library_or_program : Source::anything_optional;
}

class Stepper {
 public:
  Stepper(const ConfigureRequest& request, const ImageLayout& image, const HostFacts& host)
      : request_(request),
        host_(host),
        directories_(library_directories(image)),
        places_(request, host, directories_) {}

  std::vector<Step> run() {
    if (request_.only_loader_cache) {
      update_cache();
      return std::move(steps_);
    }
    if (request_.proc == ProcView::shadowed) {
      // The driver's directory is hidden, so that a container sees no more than its own GPUs.
      add(MountTmpfs{std::string(proc_directory), host_.proc_files});
    }
    if (request_.proc != ProcView::left) show_proc();
    if (request_.work.application_profile) add(MountTmpfs{std::string(profile_directory)});
    for (const spec::Mount& mount : request_.edits.mounts) bind(mount);
    for (const spec::DeviceNode& node : request_.edits.nodes) give(node);
    allow_devices();
    for (const spec::Link& link : request_.work.links) {
      const spec::Link moved = places_.link(link);
      add_once(MakeLink{moved.target, moved.link});
    }
    // Behind the driver's links, because its own links replace them.
    mount_compat();
    if (request_.work.application_profile) add(WriteProfile{});
    update_cache();
    return std::move(steps_);
  }

 private:
  void add(Step step) { steps_.push_back(std::move(step)); }
  void add_once(Step step) {
    if (std::ranges::find(steps_, step) == steps_.end()) add(std::move(step));
  }

  void show_proc(std::string_view below) {
    const std::string path = path::clean(path::join(proc_directory, below));
    add(BindMount{path, path, sys::data_only, Source::anything});
  }

  void show_proc() {
    for (const std::string& bus_id : request_.visible_bus_ids) {
      show_proc(path::join("gpus", bus_id));
    }
    for (const std::string& capability : request_.visible_capabilities) {
      show_proc(path::join("capabilities", capability));
    }
  }

  void bind(const spec::Mount& mount) {
    add(BindMount{mount.host_path, places_.file(mount.container_path), restrictions_of(mount),
                  source_of(mount)});
  }

  void give(const spec::DeviceNode& node) {
    if (request_.mknod_devices) {
      add(MakeNode{node.path, node.type, node.major, node.minor, node.file_mode,
                   node.uid.value_or(0), node.gid.value_or(0)});
      return;
    }
    const std::string& source = node.host_path.empty() ? node.path : node.host_path;
    add(BindNode{source, node.path, node.type, node.major, node.minor});
  }

  std::string driver_version() const {
    return request_.host_driver_version.empty() ? request_.work.cuda_compat_driver
                                                : request_.host_driver_version;
  }

  // The work names a driver when the container asks for CUDA.
  bool wants_compat(CompatMode mode) const {
    return request_.compat == mode && !request_.work.cuda_compat_driver.empty();
  }

  // By the CUDA version there is one way to decide, whatever the mode.
  bool wants_compat_by_cuda() const {
    return request_.compat != CompatMode::disabled && !request_.work.cuda_compat_cuda.empty();
  }

  void mount_compat() {
    if (!wants_compat(CompatMode::mount)) return;
    add(MountCompat{request_.work.cuda_compat_root, directories_.native, driver_version()});
  }

  void allow_devices() {
    if (!request_.cgroups) return;
    AllowDevices allow;
    const auto add_rule = [&](sys::DeviceType type, unsigned major, unsigned minor) {
      const sys::DeviceRule rule = {.type = type, .major = major, .minor = minor};
      if (std::ranges::find(allow.rules, rule) == allow.rules.end()) allow.rules.push_back(rule);
    };
    for (const spec::DeviceNode& node : request_.edits.nodes) {
      add_rule(node.type == 'b' ? sys::DeviceType::block : sys::DeviceType::character, node.major,
               node.minor);
    }
    for (const auto& [major, minor] : request_.edits.allowed) {
      add_rule(sys::DeviceType::character, major, minor);
    }
    if (!allow.rules.empty()) add(std::move(allow));
  }

  void update_cache() {
    UpdateCache update;
    for (const std::string& folder : request_.work.library_folders) {
      std::string moved = places_.folder(folder);
      if (!contains(update.folders, moved)) update.folders.push_back(std::move(moved));
    }
    if (wants_compat(CompatMode::ldconfig)) {
      update.compat_root = request_.work.cuda_compat_root;
      update.compat_driver = driver_version();
    }
    if (wants_compat_by_cuda()) {
      update.compat_root = request_.work.cuda_compat_root;
      update.compat_cuda = request_.work.cuda_compat_cuda;
    }
    if (request_.leave_loader_cache) return;
    if (!update.folders.empty() || !update.compat_root.empty()) add(std::move(update));
  }

  const ConfigureRequest& request_;
  const HostFacts& host_;
  LibraryDirectories directories_;
  Places places_;
  std::vector<Step> steps_;
};

}  // namespace

bool is_library_name(std::string_view name) {
  const size_t at = name.find(".so");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = name.substr(at + 3);
  return rest.empty() || (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1]));
}

LibraryDirectories library_directories(const ImageLayout& image) {
  if (image.is_debian) {
    return {std::string(multiarch_native), std::string(multiarch_compat32)};
  }
  const bool uses_usr_lib = !image.has_usr_lib32 && image.has_separate_usr_lib;
  return {"/usr/lib64", uses_usr_lib ? "/usr/lib" : "/usr/lib32"};
}

std::vector<Step> to_steps(const ConfigureRequest& request, const ImageLayout& image,
                           const HostFacts& host) {
  return Stepper(request, image, host).run();
}

}  // namespace nvbox::apply
