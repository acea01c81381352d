// Which container a hook works on.
#pragma once

#include "nvbox/base/result.h"
#include "nvbox/host/root.h"
#include "nvbox/spec/oci_state.h"

namespace nvbox::hook {

// The state that the low-level runtime writes to the hook's standard input, read to its end so that
// the runtime never sees a broken pipe.
Result<spec::OciState> read_state(int fd);

// The container's root directory: the state's root, else root.path of the bundle's config.json;
// relative ones lie in the bundle. The host's own root is refused, whatever it is called.
Result<host::Root> open_container_root(const spec::OciState& state);

}  // namespace nvbox::hook
