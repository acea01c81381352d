// The machine -> Inventory, without NVML and without opening a GPU's device node: the first open of
// one costs seconds when no persistence daemon keeps the GPU awake, and hangs when the GPU is dead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/inventory.h"
#include "host/elf.h"
#include "host/environment.h"
#include "host/root.h"

namespace nvbox::driver {

// Where to look. Libraries, programs, data files, firmware and sockets are below `driver`, nodes
// below `dev`. /proc, /sys and /etc/nvbox are always `host`'s: there is one kernel, and a driver
// root has its own /proc only by accident.
struct Roots {
  const host::Root& host;
  const host::Root& driver;
  const host::Root& dev;
};

inline constexpr std::uint16_t own_machine =
#if defined(__aarch64__)
    host::elf_machine_aarch64;
#else
    host::elf_machine_x86_64;
#endif

// What is said about a Tegra (tegra_csv.h).
struct CsvSearch {
  static constexpr std::string_view usual_directory =
      "/etc/nvidia-container-runtime/host-files-for-container.d";

  // These files of the host and no others; empty is those of the directory.
  std::vector<std::string> files{};
  std::string directory{};  // empty is the usual one
  // Links that are left out: patterns of their paths, or with "**/" in front of their names.
  std::vector<std::string> ignored_links{};
  // Directory of images with the CUDA compatibility libraries for Orin; empty is the usual one.
  std::string compat_root{};
  // Only the integrated GPU counts, whatever else there is (disable-multiple-csv-devices).
  bool one_gpu = false;
};

// What the environment and the configuration say about where things are; empty is the default.
struct Search {
  std::string path{};           // PATH
  std::string xdg_data_dirs{};  // XDG_DATA_DIRS
  std::string ld_cache{};       // nvidia-container-cli.ldcache
  std::string mps_directory{};  // CUDA_MPS_PIPE_DIRECTORY
  // Directories below the driver root to search instead of the usual ones.
  std::vector<std::string> library_directories{};
  std::vector<std::string> config_directories{};
  // Libraries with their own numbering that are given too, with their links: "libEGL.so".
  std::vector<std::string> more_libraries{};
  // What kind of driver is looked for; none is what this host has (platform.h).
  DriverKind kind = DriverKind::none;
  CsvSearch csv{};
  std::uint16_t machine = own_machine;
};

// What the environment says; the configuration is the caller's to add.
Search search_from(const host::Environment& environment);

// With NVIDIA's feature flag "enable-explicit-driver-libraries": the libraries that choose
// between vendors' drivers, which an image mostly has itself.
void add_explicit_libraries(const std::vector<std::string>& feature_flags, Search& search);

// Looks only for what `need` asks for. Whatever cannot be read is left out and told in
// Inventory::problems or Gpu::problem. An error means that no container can get a GPU: no driver is
// loaded, or none of the libraries belong to the loaded one.
//
// Gpu::bus_id has a domain of four digits, or more when it does not fit. The libraries are in the
// order of their directories, by name in each; 32-bit ones come last and only with compat32.
Result<Inventory> discover(const Roots& roots, const Search& search, const Need& need);

}  // namespace nvbox::driver
