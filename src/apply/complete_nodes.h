// Device nodes of a CDI specification that leave to the host what they are.
#pragma once

#include "base/result.h"
#include "host/root.h"
#include "spec/edits.h"

namespace nvbox::apply {

// Fills in type, major and minor number and file mode from the host's node, at the host path or
// else the path of the node; links are not followed. A node that gives its type and major number (a
// FIFO its type) needs nothing from the host, takes at most the mode, and may be missing there. An
// error names the node that is missing or of another type. Owners stay as they are.
Result<> complete_nodes(const host::Root& host, spec::ContainerEdits& edits);

}  // namespace nvbox::apply
