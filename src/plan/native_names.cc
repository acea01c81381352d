#include "plan/native_names.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "plan/mode.h"
#include "spec/cdi.h"

namespace nvbox::plan {
namespace {

constexpr std::string_view usual_kind = "nvidia.com/gpu";

void interpret_words(Request& request) {
  const auto is = [](std::string_view word) {
    return [word](const std::string& name) { return name == word; };
  };
  if (std::ranges::any_of(request.devices, is("all"))) {
    request.ask = Ask::all;
    request.devices.clear();
  } else if (std::ranges::all_of(request.devices, is("none"))) {
    request.ask = Ask::driver_only;
    request.devices.clear();
  }
}

}  // namespace

Result<Request> with_native_names(Request request, const config::Config& config) {
  if (request.ask != Ask::listed) return request;
  for (std::string& name : request.devices) {
    if (!spec::is_qualified_name(name)) continue;
    const size_t equals = name.find('=');
    const std::string_view kind = std::string_view(name).substr(0, equals);
    if (kind != runtime_kind && kind != usual_kind && kind != config.runtime.cdi_default_kind) {
      return Error(cat("device ", name, ": a hook cannot apply a CDI specification of kind ", kind))
          .hint("use nvidia-container-runtime in cdi mode, or an engine that knows CDI");
    }
    name.erase(0, equals + 1);
  }
  interpret_words(request);
  return request;
}

}  // namespace nvbox::plan
