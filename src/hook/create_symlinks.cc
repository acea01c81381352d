#include "nvbox/hook/create_symlinks.h"

#include "nvbox/base/text.h"
#include "nvbox/host/root_write.h"

namespace nvbox::hook {

Result<> create_symlinks(const host::Root& container, std::span<const spec::Link> links) {
  for (const spec::Link& link : links) {
    NVBOX_TRY(host::make_link(container, link.target, link.link).in("create symlinks"));
  }
  return {};
}

}  // namespace nvbox::hook
