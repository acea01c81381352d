// What containers ask of a driver, as sets.
#pragma once

#include <string_view>

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

// What they are called, in the order in which NVIDIA's toolkit adds them.
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

// What a request makes it worth looking for; the rest is not even opened.
struct Need {
  bool gpus = true;
  // Brand and architecture of the GPUs and the CUDA version, as far as tables know them.
  bool facts = false;
  bool imex_channels = false;
  // Nodes and files that serve these.
  Capabilities files = Capabilities::all;
  // Leave libraries, programs and other files out.
  bool only_nodes = false;
  // Also directories that a plain user could exchange for a link, as one in /tmp that is not
  // root's: for those who mount what they opened and not what a path leads to later.
  bool exchangeable = false;
  Features features = Features::none;
  // Of a Tegra, every CSV file instead of the base ones (NVIDIA_REQUIRE_JETPACK=csv-mounts=all).
  bool all_csv_files = false;

  bool operator==(const Need&) const = default;
};

}  // namespace nvbox::driver
