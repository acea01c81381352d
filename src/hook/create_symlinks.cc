#include "nvbox/hook/create_symlinks.h"

#include <cerrno>
#include <optional>

#include "nvbox/base/text.h"
#include "nvbox/host/root_write.h"

namespace nvbox::hook {

Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links) {
  for (const spec::Link& link : links) {
    NVBOX_TRY(host::make_link(container, link.target, link.link).in("create symlinks"));
  }
  return {};
}

Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links,
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

}  // namespace nvbox::hook
