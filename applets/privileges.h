// What each program may still do as root when it comes to something that a container's author
// wrote: README.md shows the same table, and tests compare both with /proc/PID/status. Everything
// else is given up for good before a byte of that is read: capabilities, those of the bounding set
// included, new privileges, and where no other program is started, most system calls.
#pragma once

#include <span>
#include <string_view>

#include "apply/phases.h"
#include "base/result.h"
#include "hook/rights.h"
#include "machine/modules.h"
#include "nvml/ask.h"
#include "sys/capabilities.h"

namespace nvbox::applets {

// Which system calls are left.
enum class Calls {
  all,      // it starts other programs: modprobe, the NVML helper
  of_hook,  // hook::system_calls
  // apply::system_calls, from where the container is looked at; `all` before
  of_configure,
};

struct Privileges {
  std::string_view program;  // as README.md's table calls it
  sys::CapSet kept;
  Calls calls = Calls::all;
};

namespace privileges {

// What reading a bundle or a state may need; of hooks, only this is effective until they work.
inline constexpr sys::CapSet reads = hook::finds_container;

// Looking around in a driver root that is not readable for all.
inline constexpr sys::CapSet looks_around = {CAP_DAC_READ_SEARCH};

inline constexpr Privileges nvbox_hook = {"nvbox-hook", hook::writes_files, Calls::of_hook};
inline constexpr Privileges update_ldcache = {"nvidia-cdi-hook update-ldcache", hook::writes_files,
                                              Calls::of_hook};
inline constexpr Privileges enable_cuda_compat = {"nvidia-cdi-hook enable-cuda-compat",
                                                  hook::writes_files, Calls::of_hook};
inline constexpr Privileges update_application_profile = {
    "nvidia-cdi-hook update-application-profile", hook::writes_files, Calls::of_hook};
inline constexpr Privileges create_symlinks = {"nvidia-cdi-hook create-symlinks", hook::makes_links,
                                               Calls::of_hook};
inline constexpr Privileges chmod = {"nvidia-cdi-hook chmod", hook::changes_modes, Calls::of_hook};
inline constexpr Privileges disable_device_node_modification = {
    "nvidia-cdi-hook disable-device-node-modification", hook::covers_files, Calls::of_hook};
inline constexpr Privileges noop = {"nvidia-cdi-hook noop", hook::finds_container, Calls::of_hook};

// For these, without --no-cgroups.
inline constexpr Privileges configure = {"nvidia-container-cli configure",
                                         looks_around | nvml::starts_helper |
                                             apply::finds_container | apply::changes_container |
                                             apply::changes_device_rules,
                                         Calls::of_configure};
inline constexpr Privileges runtime_hook = {"nvidia-container-runtime-hook", configure.kept,
                                            Calls::of_configure};
inline constexpr Privileges in_container = {
    "... in the container", configure.kept.without(apply::never_in_container), Calls::of_configure};
inline constexpr Privileges list = {"nvidia-container-cli list`, `info",
                                    looks_around | nvml::starts_helper, Calls::all};
// Beside the others.
inline constexpr Privileges load_kmods = {"... with `load-kmods`, in addition",
                                          machine::loads_modules, Calls::all};

}  // namespace privileges

// The whole table, in README.md's order.
std::span<const Privileges> all_privileges();

// What a call of nvidia-container-cli comes to beside its command.
struct Extent {
  bool device_rules = true;  // --no-cgroups clears it
  bool modules = false;      // --load-kmods
};
sys::CapSet kept_for(const Privileges& row, Extent extent);

// For good, and whatever the caller gave: nothing but `kept` is permitted from now on, and of that
// nothing effective but what reading needs.
Result<> give_up_all_but(sys::CapSet kept);

// For good: no system calls but these. Nothing happens with Calls::all.
Result<> keep_to(Calls calls);

}  // namespace nvbox::applets
