// The story of the prestart hook: what the container of a bundle asks for, as a command line of
// nvidia-container-cli.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "spec/oci_state.h"

namespace nvbox::runtime {

enum class HookDebug { off, on_standard_error };

// The arguments of nvidia-container-cli without its name; nullopt for a container that asks for no
// GPU. Errors: a state without pid or bundle, a bundle whose config.json cannot be read or has no
// ociVersion, process or root, and whatever plan::request_of refuses.
Result<std::optional<std::vector<std::string>>> prestart_arguments(const spec::OciState& state,
                                                                   const config::Config& config,
                                                                   HookDebug debug, const Log& log);

}  // namespace nvbox::runtime
