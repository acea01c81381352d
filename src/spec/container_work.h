// What the createContainer hook does inside a container's root file system, and the hook's command
// line, which carries it. to_arguments and parse_arguments are each other's inverse.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nvbox::spec {

// A symbolic link to make: `link` (absolute in the container) with the text `target`.
struct Link {
  std::string target;
  std::string link;

  bool operator==(const Link&) const = default;
};

// "TARGET::LINK", as NVIDIA's create-symlinks hook spells it; neither may be empty, since no link
// can have an empty text (symlink(2)).
Result<Link> parse_link(std::string_view text);

struct ContainerWork {
  std::vector<Link> links{};
  // Directories with injected libraries, for the loader's cache. Empty: the cache is left alone.
  std::vector<std::string> library_folders{};
  // Version of the kernel module. Not empty: an image's CUDA compatibility libraries are put in
  // front when they are newer and support this driver.
  std::string cuda_compat_driver{};
  // The same by the CUDA version that the host's driver serves, where that decides (Tegra).
  std::string cuda_compat_cuda{};
  // Where an image keeps them.
  std::string cuda_compat_root = "/usr/local/cuda/compat";
  // Show ModifyDeviceFiles: 0 in /proc/driver/nvidia/params, so that NVIDIA's libraries do not
  // create device nodes of other GPUs.
  bool mask_params = false;
  // Limit EGL to the GPUs whose nodes the container has.
  bool application_profile = false;

  bool operator==(const ContainerWork&) const = default;
  bool empty() const { return *this == ContainerWork{}; }
};

// Whether CUDA compatibility libraries are to be looked for, and work without that.
bool has_cuda_compat(const ContainerWork& work);
void remove_cuda_compat(ContainerWork& work);

std::vector<std::string> to_arguments(const ContainerWork& work);

// The name of nvbox's own hook, by which it is called (args[0]) whatever the program's path is.
inline constexpr std::string_view work_hook_name = "nvbox-hook";

// The variable that a hook has when nobody asks for more: runc gives one without variables of its
// own those of the container (CVE-2025-23266).
inline constexpr std::string_view quiet_hook = "NVIDIA_CTK_DEBUG=false";

// What a hook asks for by its command line: {"nvidia-cdi-hook", "create-symlinks", "--link",
// "TARGET::LINK"} or {"nvidia-ctk", "hook", ...} of NVIDIA's specifications, or {"nvbox-hook",
// ...}; nullopt where that is not one of the hooks whose work is described here, or says more.
std::optional<ContainerWork> work_of_cdi_hook(std::span<const std::string> arguments);

// `more` as well; false, and nothing is changed, where both are about CUDA compatibility and do not
// agree.
bool add(ContainerWork& work, const ContainerWork& more);

// The options of to_arguments in any order; anything else is an error that names it.
Result<ContainerWork> parse_arguments(std::span<const std::string> arguments);

}  // namespace nvbox::spec
