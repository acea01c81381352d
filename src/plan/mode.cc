#include "nvbox/plan/mode.h"

#include <algorithm>

#include "nvbox/base/text.h"
#include "nvbox/spec/cdi.h"

namespace nvbox::plan {
namespace {

bool is_runtime_name(const std::string& name) {
  return name.starts_with(runtime_kind) && name.substr(runtime_kind.size()).starts_with('=');
}

struct ModeName {
  std::string_view name;
  Mode mode;
};

constexpr ModeName mode_names[] = {
    {"legacy", Mode::legacy}, {"csv", Mode::csv}, {"cdi", Mode::cdi}, {"jit-cdi", Mode::jit_cdi}};

}  // namespace

Result<Mode> resolve_mode(std::string_view configured, const Request& request) {
  const bool has_list = request.ask == Ask::listed;
  if (has_list && std::ranges::all_of(request.devices, is_runtime_name) &&
      (configured == "auto" || configured == "cdi" || configured == "jit-cdi")) {
    return Mode::jit_cdi;
  }
  if (configured == "auto") {
    return has_list && std::ranges::all_of(request.devices, spec::is_qualified_name)
               ? Mode::cdi
               : Mode::jit_cdi;
  }
  for (const ModeName& row : mode_names) {
    if (row.name == configured) return row.mode;
  }
  return Error(cat("nvidia-container-runtime.mode: ", quote(configured), " is not a mode"))
      .hint("set auto, jit-cdi, cdi, legacy or csv in config.toml");
}

Result<Request> strip_runtime_kind(Request request) {
  if (std::ranges::any_of(request.devices, is_runtime_name) &&
      !std::ranges::all_of(request.devices, is_runtime_name)) {
    return Error(cat("devices of ", runtime_kind,
                     " cannot be combined with other devices in one "
                     "request: ",
                     join(request.devices, ",")));
  }
  for (std::string& name : request.devices) {
    if (is_runtime_name(name)) {
      name.erase(0, runtime_kind.size() + 1);
    } else if (spec::is_qualified_name(name)) {
      return Error(cat("CDI device ", name,
                       " cannot be combined with devices that are not CDI "
                       "names: ",
                       join(request.devices, ",")));
    }
  }
  if (std::ranges::find(request.devices, "all") != request.devices.end()) {
    request.ask = Ask::all;
    request.devices.clear();
  } else if (request.ask == Ask::listed && request.devices == std::vector<std::string>{"none"}) {
    request.ask = Ask::driver_only;
    request.devices.clear();
  }
  return request;
}

}  // namespace nvbox::plan
