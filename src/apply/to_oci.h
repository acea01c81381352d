// Container edits put into an OCI specification, with the CDI specification's meaning of each
// (SPEC.md, "OCI Edits").
#pragma once

#include "base/result.h"
#include "spec/edits.h"
#include "spec/oci.h"

namespace nvbox::apply {

// Errors when the document has another type where an edit must go, and for a node without a type
// (complete_nodes.h).
Result<> add_edits(spec::OciSpec& spec, const spec::ContainerEdits& edits);

// Whether a prestart hook injects GPUs: what `docker run --gpus` adds.
Result<bool> has_nvidia_hook(const spec::OciSpec& spec);

// Removes prestart hooks that would inject GPUs a second time.
// Returns how many there were.
Result<size_t> remove_nvidia_hooks(spec::OciSpec& spec);

}  // namespace nvbox::apply
