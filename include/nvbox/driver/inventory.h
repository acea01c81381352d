// What this machine offers to containers. Plain data: comparable, and made by hand in tests.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nvbox::driver {

// The values of NVIDIA_DRIVER_CAPABILITIES, as a set. A driver file serves any of its capabilities.
enum class Capabilities : unsigned {
  none = 0,
  compat32 = 1U << 0,
  compute = 1U << 1,
  display = 1U << 2,
  graphics = 1U << 3,
  ngx = 1U << 4,
  utility = 1U << 5,
  video = 1U << 6,
  all = (1U << 7) - 1,
};

constexpr Capabilities operator|(Capabilities a, Capabilities b) {
  return static_cast<Capabilities>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Capabilities operator&(Capabilities a, Capabilities b) {
  return static_cast<Capabilities>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
// Whether the sets have an element in common.
constexpr bool intersects(Capabilities a, Capabilities b) {
  return (a & b) != Capabilities::none;
}

// The words for them, as in NVIDIA_DRIVER_CAPABILITIES.
struct CapabilityName {
  std::string_view word;
  Capabilities capability;
};
inline constexpr CapabilityName capability_names[] = {
    {"compat32", Capabilities::compat32}, {"compute", Capabilities::compute},
    {"display", Capabilities::display},   {"graphics", Capabilities::graphics},
    {"ngx", Capabilities::ngx},           {"utility", Capabilities::utility},
    {"video", Capabilities::video},
};

// What else of a driver a container can ask for, by a variable each that says "enabled", as a set.
enum class Features : unsigned {
  none = 0,
  gds = 1U << 0,
  mofed = 1U << 1,
  gdrcopy = 1U << 2,
  nvswitch = 1U << 3,
  all = (1U << 4) - 1,
};

constexpr Features operator|(Features a, Features b) {
  return static_cast<Features>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Features operator&(Features a, Features b) {
  return static_cast<Features>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
// Whether the sets have an element in common.
constexpr bool intersects(Features a, Features b) {
  return (a & b) != Features::none;
}

// What they are called, in the order in which the peer adds them.
struct FeatureName {
  std::string_view word;
  std::string_view variable;
  Features feature;
};
inline constexpr FeatureName feature_names[] = {
    {"gds", "NVIDIA_GDS", Features::gds},
    {"mofed", "NVIDIA_MOFED", Features::mofed},
    {"gdrcopy", "NVIDIA_GDRCOPY", Features::gdrcopy},
    {"nvswitch", "NVIDIA_NVSWITCH", Features::nvswitch},
};

// A character device of the host. `path` is what it is called in a container; below the dev root
// it has the same name.
struct HostDevice {
  std::string path;
  unsigned major = 0;
  unsigned minor = 0;
  mode_t mode = 0;
  gid_t gid = 0;

  bool operator==(const HostDevice&) const = default;
};

// A MIG compute instance, found by its capability files. Its NVML index and UUID are not in /proc.
struct Mig {
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;
  // /dev/nvidia-caps/nvidia-capN of both instances; absent when the node does not exist yet.
  std::optional<HostDevice> gpu_instance_node{};
  std::optional<HostDevice> compute_instance_node{};

  bool operator==(const Mig&) const = default;
};

// A symbolic link that a container needs.
struct Link {
  std::string target;  // the link's text, for example "../card0"
  std::string link;    // absolute path in the container
  Capabilities serves = Capabilities::all;

  bool operator==(const Link&) const = default;
};

struct Gpu {
  unsigned index = 0;    // NVML's: position in PCI order, excluded GPUs left out
  unsigned minor = 0;    // of /dev/nvidiaN
  std::string uuid{};    // "GPU-..."; "GPU-????..." until the driver initialised the GPU once
  std::string bus_id{};  // as in /proc and /sys: "0000:3b:00.0", lower case
  std::string model{};   // "Tesla T4"
  std::optional<HostDevice> node{};     // /dev/nvidiaN; absent when it does not exist
  std::vector<HostDevice> drm_nodes{};  // /dev/dri/cardN, renderDN
  std::vector<Link> drm_links{};        // /dev/dri/by-path/...
  std::vector<Mig> mig{};               // sorted by instance ids
  // Why the GPU cannot be used. It is kept in the list, and refused only when asked for.
  std::optional<std::string> problem{};

  bool operator==(const Gpu&) const = default;
};

// A library of the driver, below the driver root, links resolved.
struct Library {
  std::string path;    // "/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03"
  std::string soname;  // DT_SONAME, or the file name without one
  // The links that name it: SONAME, development name, aliases ("libcuda.so.1" -> the file).
  std::vector<Link> links{};
  Capabilities serves = Capabilities::all;
  // A 32-bit twin: for a container that asks for compat32 and for what the library serves.
  bool is_32_bit = false;

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

enum class DriverKind { none, dgpu };

struct Driver {
  DriverKind kind = DriverKind::none;
  std::string version{};               // "535.261.03", of the loaded kernel module
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
  std::vector<Link> extra_links{};  // gbm backend, X.Org modules, ...
  std::vector<Feature> features{};
  // What could not be looked at, and why; for the log.
  std::vector<std::string> problems{};

  bool operator==(const Inventory&) const = default;
};

// What a request makes it worth looking for; the rest is not even opened.
struct Need {
  bool gpus = true;
  bool imex_channels = false;
  // Nodes and files that serve these.
  Capabilities files = Capabilities::all;
  // Leave libraries, programs and other files out.
  bool only_nodes = false;
  Features features = Features::none;

  bool operator==(const Need&) const = default;
};

}  // namespace nvbox::driver
