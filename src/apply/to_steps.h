// What a request means for one container, as steps. Pure: everything that is known about the host
// and the container is in the arguments.
#pragma once

#include <string>
#include <vector>

#include "apply/configure.h"
#include "apply/steps.h"

namespace nvbox::apply {

// What an image says about where its loader looks.
struct ImageLayout {
  bool is_debian = false;             // has /etc/debian_version: multiarch directories
  bool has_usr_lib32 = false;         // /usr/lib32 is there
  bool has_separate_usr_lib = false;  // /usr/lib is there, and is not /usr/lib64
};

struct LibraryDirectories {
  std::string native;
  std::string compat32;

  bool operator==(const LibraryDirectories&) const = default;
};

LibraryDirectories library_directories(const ImageLayout& image);

// What a host shows that goes into the container changed or by its kind.
struct HostFacts {
  // Files of /proc/driver/nvidia, ready for the container.
  std::vector<TmpfsFile> proc_files{};
  // Libraries of ConfigureRequest::edits (their container path) that are for 32-bit programs.
  std::vector<std::string> libraries_32{};
};

// In the order in which they are to be run: what can fail comes before what other containers of a
// shared root file system would notice (links, the loader's cache).
std::vector<Step> to_steps(const ConfigureRequest& request, const ImageLayout& image,
                           const HostFacts& host);

// Whether the file name is that of a shared library: "libx.so", "x.so.1.2".
bool is_library_name(std::string_view name);

inline constexpr std::string_view proc_directory = "/proc/driver/nvidia";
inline constexpr std::string_view profile_directory =
    "/etc/nvidia/nvidia-application-profiles-rc.d";

}  // namespace nvbox::apply
