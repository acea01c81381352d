#include "nvidia_cdi_hook/work.h"

#include <algorithm>

#include "hook/application_profile.h"
#include "hook/chmod.h"
#include "hook/create_symlinks.h"
#include "hook/cuda_compat.h"
#include "hook/mask_params.h"
#include "hook/update_ld_cache.h"

namespace nvbox::applets::cdi_hook {
namespace {

using cli::Shown;
using cli::Split;
using Flag = cli::Flag<Settings>;

// NVIDIA's help of two hooks shows it.
constexpr Flag container_spec(Shown shown) {
  return {{"container-spec",
           {},
           "File with the container's state as runtimes give it to hooks; '-' is standard input",
           Split::never,
           shown},
          &Settings::container_spec};
}

constexpr Flag link_flags[] = {
    {{"link", {}, "A link to make, TARGET::LINK (may be given several times)", Split::never},
     &Settings::links},
    container_spec(Shown::no),
};
constexpr Flag cache_flags[] = {
    {{"folder",
      {},
      "A folder of the container whose libraries its loader shall find (may be given several "
      "times)",
      Split::never},
     &Settings::folders},
    {{"ldconfig-path", {}, "Accepted and not needed: nothing is executed"},
     &Settings::ldconfig_path},
    container_spec(Shown::yes),
};
constexpr Flag compat_flags[] = {
    {{"host-driver-version", {}, "The version of the host's driver"}, &Settings::driver_version},
    {{"host-cuda-version", {}, "The CUDA version of the host's driver"}, &Settings::cuda_version},
    {{"cuda-compat-container-root",
      {},
      "The folder of the container that has its CUDA compatibility libraries"},
     &Settings::compat_root},
    container_spec(Shown::no),
};
constexpr Flag chmod_flags[] = {
    {{"path", {}, "A path of the container (may be given several times)", Split::never},
     &Settings::paths},
    {{"mode", {}, "The permission bits that it gets, in octal"}, &Settings::mode},
    container_spec(Shown::yes),
};
constexpr Flag plain_flags[] = {container_spec(Shown::no)};

Result<> make_links(const Places& places, const Settings& settings, const Log& log) {
  std::vector<spec::Link> links;
  for (const std::string& text : settings.links) {
    spec::Link link = NVBOX_TRY(spec::parse_link(text));
    if (std::ranges::find(links, link) == links.end()) links.push_back(std::move(link));
  }
  return hook::create_symlinks(places.writable, links, log);
}

Result<> update_cache(const Places& places, const Settings& settings, const Log& log) {
  return hook::update_ld_cache(places.writable, settings.folders, "", log);
}

Result<> enable_compat(const Places& places, const Settings& settings, const Log& log) {
  const hook::HostDriver driver = {.driver_version = settings.driver_version,
                                   .cuda_version = settings.cuda_version};
  NVBOX_TRY(hook::enable_cuda_compat(places.writable, driver, settings.compat_root, log)
                .in("CUDA compatibility libraries"));
  return {};
}

// A mount has to land in the container's own tree, not in a view of it.
Result<> mask_parameters(const Places& places, const Settings& /*settings*/, const Log& /*log*/) {
  return hook::mask_params(places.host, places.container).in("mask the driver's parameters");
}

Result<> write_profile(const Places& places, const Settings& /*settings*/, const Log& log) {
  return hook::update_application_profile(places.writable, log).in("write the application profile");
}

Result<> change_modes(const Places& places, const Settings& settings, const Log& log) {
  if (settings.mode.empty()) return Error("no mode is given").hint("add --mode=MODE");
  const mode_t mode = NVBOX_TRY(hook::parse_mode(settings.mode));
  return hook::change_modes(places.writable, settings.paths, mode, log);
}

Result<> do_nothing(const Places& /*places*/, const Settings& /*settings*/, const Log& /*log*/) {
  return {};
}

bool knows_no_version(const Settings& settings) {
  return settings.driver_version.empty() && settings.cuda_version.empty();
}

bool is_always_idle(const Settings& /*settings*/) {
  return true;
}

}  // namespace

constexpr Hook create_symlinks = {
    .privileges = privileges::create_symlinks, .flags = link_flags, .work = make_links};
constexpr Hook update_ldcache = {
    .privileges = privileges::update_ldcache, .flags = cache_flags, .work = update_cache};
constexpr Hook enable_cuda_compat = {.privileges = privileges::enable_cuda_compat,
                                     .flags = compat_flags,
                                     .work = enable_compat,
                                     .is_idle = knows_no_version};
constexpr Hook disable_device_node_modification = {
    .privileges = privileges::disable_device_node_modification,
    .flags = plain_flags,
    .work = mask_parameters};
constexpr Hook update_application_profile = {.privileges = privileges::update_application_profile,
                                             .flags = plain_flags,
                                             .work = write_profile};
constexpr Hook chmod = {
    .privileges = privileges::chmod, .flags = chmod_flags, .work = change_modes};
constexpr Hook noop = {.privileges = privileges::noop,
                       .flags = plain_flags,
                       .work = do_nothing,
                       .is_idle = is_always_idle};

}  // namespace nvbox::applets::cdi_hook
