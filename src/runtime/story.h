// The story of a GPU container, top to bottom: what does it ask for, what does this host have, what
// must change, and the change itself.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "host/environment.h"
#include "machine/place.h"
#include "spec/oci.h"

namespace nvbox::runtime {

struct InjectOptions {
  const config::Config& config;
  std::string_view mode;  // nvidia-container-runtime.mode, or what the program's name says
  std::string program;    // host path of this binary, for the hook
  const host::Environment& environment;
  const machine::Directories& directories;  // of the host; the driver's is in the configuration
  std::string bundle{};  // its directory; where that is not known, its image is not looked at
};

enum class Injected { nothing, edits };

// Edits the specification in place. `nothing` means that it is as it was.
Result<Injected> inject_gpus(spec::OciSpec& spec, const InjectOptions& options, const Log& log);

}  // namespace nvbox::runtime
