#include "hook/create_container.h"

#include <string>

#include "base/text.h"
#include "hook/application_profile.h"
#include "hook/container_root.h"
#include "hook/create_symlinks.h"
#include "hook/cuda_compat.h"
#include "hook/mask_params.h"
#include "hook/update_ld_cache.h"

namespace nvbox::hook {
namespace {

// The directory whose libraries the loader shall prefer; empty when there is none. An
// update-ldcache hook that runs later, of another specification, is told as well.
Result<std::string> choose_compat_folder(const host::Root& container,
                                         const spec::ContainerWork& work, const Log& log) {
  if (!spec::has_cuda_compat(work)) return std::string();
  return enable_cuda_compat(
      container, {.driver_version = work.cuda_compat_driver, .cuda_version = work.cuda_compat_cuda},
      work.cuda_compat_root, log);
}

// `writable` is the container's root as far as it may be changed.
Result<> do_work(const host::Root& host, const host::Root& container, const host::Root& writable,
                 const spec::ContainerWork& work, const Log& log) {
  NVBOX_TRY(create_symlinks(writable, work.links, log));
  const std::string compat =
      NVBOX_TRY(choose_compat_folder(writable, work, log).in("CUDA compatibility libraries"));
  if (!work.library_folders.empty() || !compat.empty()) {
    NVBOX_TRY(update_ld_cache(writable, work.library_folders, compat, log));
  }
  // A mount has to land in the container's own tree, not in a view of it.
  if (work.mask_params) {
    NVBOX_TRY(mask_params(host, container).in("mask the driver's parameters"));
  }
  if (!work.application_profile) return {};
  return update_application_profile(writable, log).in("write the application profile");
}

}  // namespace

Result<> create_container(const host::Root& host, const host::Root& container,
                          const spec::ContainerWork& work, const Log& log) {
  const WritableRoot writable = NVBOX_TRY(WritableRoot::open(container));
  return do_work(host, container, writable.root(), work, log);
}

}  // namespace nvbox::hook
