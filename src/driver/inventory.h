// What this machine offers to containers. Plain data: comparable, and made by hand in tests.
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "driver/capabilities.h"
#include "driver/problem.h"

namespace nvbox::driver {

// A character device of the host. `path` is what it is called in a container; below the dev root
// it has the same name.
struct HostDevice {
  std::string path;
  unsigned major = 0;
  unsigned minor = 0;
  mode_t mode = 0;  // permission bits as in stat(2), 0666; 0 of a node that nobody has made yet
  gid_t gid = 0;    // whom it belongs to on the host

  bool operator==(const HostDevice&) const = default;
};

// A MIG compute instance, found by its capability files.
struct Mig {
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;
  // /dev/nvidia-caps/nvidia-capN of both instances; absent when the node does not exist yet.
  std::optional<HostDevice> gpu_instance_node{};
  std::optional<HostDevice> compute_instance_node{};
  // Of its directory below /proc. The kernel gives out the lowest free one, so instances that were
  // destroyed and made anew in another order have exchanged theirs, as they have their numbers.
  ino_t inode = 0;
  // The driver has no such nodes: whoever can open the capability files can use the instance.
  bool is_guarded_by_files = false;

  // From here on what only NVML knows.
  std::optional<unsigned>
      index{};                // the number in "0:1"; an instance that is destroyed leaves a gap
  std::string uuid{};         // "MIG-..."
  bool has_graphics = false;  // its profile says so ("1g.24gb+gfx")

  bool operator==(const Mig&) const = default;
};

// Where the driver shows MIG. Whoever may read the file "access" of an instance's folder may use
// it.
inline constexpr std::string_view capabilities_directory = "/proc/driver/nvidia/capabilities";

// Of a GPU that can do MIG, below that directory: "gpu0/mig".
inline std::string mig_folder(unsigned gpu_minor) {
  return cat("gpu", gpu_minor, "/mig");
}

// Of both instances, below that directory: "gpu0/mig/gi1" and "gpu0/mig/gi1/ci0".
inline std::array<std::string, 2> instance_folders(unsigned gpu_minor, const Mig& mig) {
  const std::string folder = cat(mig_folder(gpu_minor), "/gi", mig.gpu_instance);
  return {folder, cat(folder, "/ci", mig.compute_instance)};
}

// Whether the instance has all nodes that it takes to use it.
inline bool has_its_nodes(const Mig& mig) {
  return mig.is_guarded_by_files || (mig.gpu_instance_node && mig.compute_instance_node);
}

// A symbolic link that a container needs.
struct HostLink {
  std::string target;  // the link's text, for example "../card0"
  std::string link;    // absolute path in the container
  Capabilities serves = Capabilities::all;

  bool operator==(const HostLink&) const = default;
};

struct Gpu {
  unsigned index = 0;    // NVML's: position in PCI order, excluded GPUs left out
  unsigned minor = 0;    // of /dev/nvidiaN
  std::string uuid{};    // "GPU-..."; "GPU-????..." until the driver initialised the GPU once
  std::string bus_id{};  // as in /proc and /sys: "0000:3b:00.0", lower case
  std::string model{};   // "Tesla T4"
  std::optional<HostDevice> node{};      // /dev/nvidiaN; absent when it does not exist
  std::vector<HostDevice> more_nodes{};  // of a Tegra: what else belongs to this GPU
  std::vector<HostDevice> drm_nodes{};   // /dev/dri/cardN, renderDN
  std::vector<std::string> drm_names{};  // "cardN", "renderDN", in /sys: with a node or without
  std::vector<HostLink> drm_links{};     // /dev/dri/by-path/...
  std::vector<Mig> mig{};                // sorted by instance ids
  // Why the GPU cannot be used. It is kept in the list, and refused only when asked for.
  std::optional<std::string> problem{};

  // From tables, or where those do not know the GPU from NVML. Empty when not known.
  std::string brand{};             // NVML's word: "Nvidia", "Tesla"
  std::string architecture{};      // compute capability: "7.5"
  std::optional<bool> coherent{};  // whether it shares the address space of the CPU; NVML's
  // Why NVML, which was asked about the GPU, did not tell everything.
  std::optional<std::string> unanswered{};

  bool operator==(const Gpu&) const = default;
};

// Whether the UUID is one: the driver shows "GPU-????????-..." until it has initialised the GPU.
inline bool has_known_uuid(const Gpu& gpu) {
  return !gpu.uuid.empty() && !gpu.uuid.contains('?');
}

// A library of the driver, below the driver root, links resolved.
struct Library {
  std::string path;    // "/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03"
  std::string soname;  // DT_SONAME, or the file name without one
  // The links that name it: SONAME, development name, aliases ("libcuda.so.1" -> the file).
  std::vector<HostLink> links{};
  Capabilities serves = Capabilities::all;
  // A 32-bit twin: for a container that asks for compat32 and for what the library serves.
  bool is_32_bit = false;
  // Where it is in a container, if not at `path`.
  std::string container_path{};

  bool operator==(const Library&) const = default;
};

enum class FileKind { binary, firmware, socket, directory, data };

// Any other file that belongs to the driver.
struct HostFile {
  FileKind kind = FileKind::data;
  std::string path;            // below the driver root
  std::string container_path;  // usually the same
  Capabilities serves = Capabilities::all;

  bool operator==(const HostFile&) const = default;
};

// One of Features that this host has.
struct Feature {
  Features feature = Features::none;
  std::vector<HostDevice> nodes{};  // at least one
  std::vector<HostFile> files{};    // to be read, never written

  bool operator==(const Feature&) const = default;
};

// Where the nodes of all MIG instances are.
inline constexpr std::string_view mig_node_directory = "/dev/nvidia-caps";

// What a container needs that makes MIG instances (mig-config) or watches them all (mig-monitor).
struct MigControl {
  struct OfGpu {
    unsigned minor = 0;
    // Of every instance that there is or can be, with the driver's numbers. Those that nobody has
    // made yet have neither mode nor group.
    std::vector<HostDevice> nodes{};

    bool operator==(const OfGpu&) const = default;
  };

  std::string file{};                // "/proc/driver/nvidia/capabilities/mig/config"
  std::optional<HostDevice> node{};  // that the file stands for; absent when the driver has none
  std::vector<OfGpu> gpus{};         // those that can do MIG, at least one

  bool operator==(const MigControl&) const = default;
};

enum class DriverKind {
  none,
  dgpu,   // the usual driver of GPUs on the PCI bus
  tegra,  // of an integrated GPU: what it consists of is in CSV files (tegra_csv.h)
  wsl,    // that of Windows, which only NVML knows the version and the GPUs of (wsl.h)
};

// Whether the driver is of GPUs on the PCI bus, with what belongs to those alone. The files of the
// others are given as a whole, at their places.
inline bool is_usual(DriverKind kind) {
  return kind != DriverKind::tegra && kind != DriverKind::wsl;
}

struct Driver {
  DriverKind kind = DriverKind::none;
  std::string version{};       // "535.261.03", of the loaded kernel module
  std::string cuda_version{};  // the newest that it serves: "12.2"; empty when not known
  // Of a Tegra: where images keep CUDA compatibility libraries for it; empty is the usual place.
  std::string compat_root{};
  std::string root = "/";              // host path of the driver root
  std::string dev_root = "/";          // host path below which /dev is
  bool modifies_device_files = false;  // /proc/driver/nvidia/params: ModifyDeviceFiles: 1

  bool operator==(const Driver&) const = default;
};

struct Inventory {
  Driver driver{};
  std::vector<Gpu> gpus{};
  std::vector<HostDevice> control{};  // nvidiactl, nvidia-uvm, nvidia-uvm-tools, nvidia-modeset
  std::vector<HostDevice> imex_channels{};
  std::vector<Library> libraries{};
  std::vector<std::string> library_directories{};  // where versioned libraries were found
  std::vector<HostFile> files{};
  std::vector<HostLink> extra_links{};  // gbm backend, X.Org modules, ...
  std::vector<Feature> features{};
  // Rights over MIG that the request has; not discover's.
  std::vector<MigControl> mig_controls{};
  // Why NVML, which was asked, answered nothing at all.
  std::optional<std::string> unanswered{};
  // What could not be looked at, and why; for the log.
  std::vector<Problem> problems{};
  // Those of it that decide whether a container is served at all (plan/check_core.h).
  std::vector<CoreFailure> core_failures{};

  bool operator==(const Inventory&) const = default;
};

}  // namespace nvbox::driver
