// Which container a hook works on.
#pragma once

#include <optional>

#include "base/result.h"
#include "host/root.h"
#include "spec/oci.h"
#include "sys/fd.h"

namespace nvbox::hook {

// The state that the low-level runtime writes to the hook's standard input, read to its end so that
// the runtime never sees a broken pipe.
Result<spec::OciState> read_state(int fd);

// The container's root directory: the state's root, else root.path of the bundle's config.json;
// relative ones lie in the bundle. The host's own root is refused, whatever it is called.
Result<host::Root> open_container_root(const spec::OciState& state);

// A container's root as far as it may be changed: crun has made a read-only one read-only before it
// calls createContainer hooks, and what hooks do belongs to making the container.
class WritableRoot {
 public:
  // `container` has to live as long as this. Where nothing more than `container` itself may be
  // changed, root() is that.
  static Result<WritableRoot> open(const host::Root& container);

  const host::Root& root() const { return view_ ? *view_ : *container_; }

 private:
  explicit WritableRoot(const host::Root& container) : container_(&container) {}

  const host::Root* container_;
  // The view lasts as long as this descriptor, whatever else is open below it.
  std::optional<sys::Fd> view_fd_{};
  std::optional<host::Root> view_{};
};

}  // namespace nvbox::hook
