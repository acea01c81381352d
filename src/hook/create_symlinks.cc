#include "hook/create_symlinks.h"

#include <cerrno>

#include <optional>
#include <utility>

#include "base/text.h"
#include "host/root_write.h"

namespace nvbox::hook {
namespace {

Result<> create_symlink(const host::Root& container, const spec::Link& link) {
  auto made = host::make_link(container, link.target, link.link).in("create symlinks");
  if (made) return {};
  Error error = std::move(made).error();
  // What rename(2) says of a directory where a link belongs.
  if (error.code() != EISDIR) return error;
  return std::move(error).hint("the image has a directory of this name; build it without");
}

}  // namespace

Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links) {
  for (const spec::Link& link : links) NVBOX_TRY(create_symlink(container, link));
  return {};
}

Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links,
                         const Log& log) {
  std::optional<Error> closed;
  for (const spec::Link& link : links) {
    Result<> made = create_symlink(container, link);
    if (made) continue;
    if (!host::is_closed_to_changes(made.error())) return made;
    if (!closed) closed = std::move(made).error();
  }
  if (closed) log.warning(cat("symbolic links are not made: ", closed->message()));
  return {};
}

}  // namespace nvbox::hook
