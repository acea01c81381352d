// CRI-O's crio.conf and the files of crio.conf.d.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/request.h"

namespace nvbox::engine {

// A document and what messages call it.
struct NamedText {
  std::string name;
  std::string text;
};

// The document with the runtime in it; "" is a file that does not exist. The runtime inherits the
// options of the default runtime, runc or crun, as `sources` say them, of which later ones win.
Result<std::string> configure_crio(std::string_view document, std::span<const NamedText> sources,
                                   const RuntimeRequest& request);

}  // namespace nvbox::engine
