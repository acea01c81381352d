#include "nvbox/hook/create_container.h"

#include <cerrno>

#include <optional>
#include <span>
#include <string>

#include "nvbox/base/text.h"
#include "nvbox/hook/application_profile.h"
#include "nvbox/hook/create_symlinks.h"
#include "nvbox/hook/cuda_compat.h"
#include "nvbox/hook/mask_params.h"
#include "nvbox/hook/update_ld_cache.h"
#include "nvbox/sys/writable_view.h"

namespace nvbox::hook {
namespace {

// Links on a read-only file system are left out with one warning for all; others are made.
Result<> make_links(const host::Root& container, std::span<const spec::Link> links,
                    const Log& log) {
  std::optional<Error> read_only;
  for (const spec::Link& link : links) {
    Result<> made = create_symlinks(container, {&link, 1});
    if (made) continue;
    if (made.error().code() != EROFS) return made;
    if (!read_only) read_only = std::move(made).error();
  }
  if (read_only) log.warning(cat("symbolic links are not made: ", read_only->message()));
  return {};
}

// The directory whose libraries the loader shall prefer; empty when there is none.
Result<std::string> choose_compat_folder(const host::Root& container,
                                         const spec::ContainerWork& work, const Log& log) {
  if (work.cuda_compat_driver.empty()) return std::string();
  CompatDecision decision = NVBOX_TRY(decide_cuda_compat(
      container, {.driver_version = work.cuda_compat_driver}, work.cuda_compat_root));
  log.debug(cat("CUDA compatibility libraries: ", decision.reason));
  return std::move(decision.directory);
}

// `writable` is the container's root as far as it may be changed.
Result<> do_work(const host::Root& host, const host::Root& container, const host::Root& writable,
                 const spec::ContainerWork& work, const Log& log) {
  NVBOX_TRY(make_links(writable, work.links, log));
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
  // The view lasts as long as this descriptor, whatever else is open below it.
  const std::optional<sys::Fd> view = sys::writable_view(container.fd());
  if (!view) return do_work(host, container, container, work, log);
  const host::Root writable = NVBOX_TRY(host::Root::open(sys::proc_path(view->get())));
  return do_work(host, container, writable, work, log);
}

}  // namespace nvbox::hook
