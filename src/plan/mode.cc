#include "nvbox/plan/mode.h"

#include <algorithm>

#include "nvbox/base/text.h"

namespace nvbox::plan {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alphanumeric(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

// CDI specification, "Kind" and "Device name": first and last characters are narrower than those
// between. A single character has to satisfy both ends.
bool is_part(std::string_view text, bool first_is_letter, std::string_view between) {
  if (text.empty() || !is_alphanumeric(text.back())) return false;
  if (first_is_letter ? !is_letter(text.front()) : !is_alphanumeric(text.front())) return false;
  return std::ranges::all_of(text,
                             [&](char c) { return is_alphanumeric(c) || between.contains(c); });
}

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

bool is_qualified_name(std::string_view name) {
  const size_t equals = name.find('=');
  const size_t slash = name.substr(0, equals).find('/');
  if (equals == std::string_view::npos || slash == std::string_view::npos) return false;
  return is_part(name.substr(0, slash), true, "_-.") &&
         is_part(name.substr(slash + 1, equals - slash - 1), true, "_-.") &&
         is_part(name.substr(equals + 1), false, "_-.:");
}

Result<Mode> resolve_mode(std::string_view configured, const Request& request) {
  const bool has_list = request.ask == Ask::listed;
  if (has_list && std::ranges::all_of(request.devices, is_runtime_name) &&
      (configured == "auto" || configured == "cdi" || configured == "jit-cdi")) {
    return Mode::jit_cdi;
  }
  if (configured == "auto") {
    return has_list && std::ranges::all_of(request.devices, is_qualified_name) ? Mode::cdi
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
    } else if (is_qualified_name(name)) {
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
