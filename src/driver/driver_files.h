// The files that a driver consists of, as tables. New drivers add libraries: what carries the
// driver's version in its name is found without a row here, and a site can add rows of its own
// (extensions.h).
#pragma once

#include <span>
#include <string_view>

#include "driver/inventory.h"

namespace nvbox::driver {

inline constexpr Capabilities graphical = Capabilities::graphics | Capabilities::display;

// What a library of the driver's version without a row serves: anything but reading out the GPU's
// state, because such a container was promised little.
inline constexpr Capabilities unlisted_library_serves =
    Capabilities::compute | graphical | Capabilities::ngx | Capabilities::video;

enum class Numbering {
  driver,  // libcuda.so.535.261.03
  own,     // libnvidia-egl-gbm.so.1.1.0: in the first directory that has one, unless there is one
           // with the driver's version
};

struct LibraryRow {
  std::string_view stem;  // "libcuda.so"
  Capabilities serves;
  Numbering numbering = Numbering::driver;
  // What is nothing without it.
  Capabilities core_of = Capabilities::none;
};

std::span<const LibraryRow> library_rows();

struct BinaryRow {
  std::string_view name;
  Capabilities serves;
};

std::span<const BinaryRow> binary_rows();

// A file of the configuration directories; '@' stands for the architecture's name.
struct DataRow {
  std::string_view file;            // relative: "glvnd/egl_vendor.d/10_nvidia.json"
  std::string_view container_base;  // the directory that it is below in a container
  Capabilities serves;
  // Google's container-optimized OS keeps the Vulkan files at the top of the driver root.
  bool may_be_at_top = false;
};

std::span<const DataRow> data_rows();

struct SocketRow {
  std::string_view directory;  // below /run or /var/run
  Capabilities serves;
};

std::span<const SocketRow> socket_rows();

}  // namespace nvbox::driver
