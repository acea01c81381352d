#include "hook/create_symlinks.h"

#include <optional>

#include "base/text.h"
#include "host/root_write.h"

namespace nvbox::hook {

Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links) {
  for (const spec::Link& link : links) {
    NVBOX_TRY(host::make_link(container, link.target, link.link).in("create symlinks"));
  }
  return {};
}

Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links,
                         const Log& log) {
  std::optional<Error> closed;
  for (const spec::Link& link : links) {
    Result<> made = create_symlinks(container, {&link, 1});
    if (made) continue;
    if (!host::is_closed_to_changes(made.error())) return made;
    if (!closed) closed = std::move(made).error();
  }
  if (closed) log.warning(cat("symbolic links are not made: ", closed->message()));
  return {};
}

}  // namespace nvbox::hook
