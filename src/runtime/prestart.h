// The story of the prestart hook: what the container of a bundle asks for, as a call of
// nvidia-container-cli.
#pragma once

#include <optional>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "runtime/configure_call.h"
#include "spec/oci.h"

namespace nvbox::runtime {

enum class HookDebug { off, on_standard_error };

// Whose nvidia-container-cli configures the container (nvidia-container-cli.path).
enum class ConfiguredBy { nvbox, another_program };

// The call; nullopt for a container that asks for no GPU. Errors: a state without pid or bundle, a
// bundle whose config.json cannot be read or has no ociVersion, process or root, and whatever
// plan::request_of refuses.
Result<std::optional<ConfigureCall>> prestart_call(const spec::OciState& state,
                                                   const config::Config& config, HookDebug debug,
                                                   ConfiguredBy program, const Log& log);

}  // namespace nvbox::runtime
