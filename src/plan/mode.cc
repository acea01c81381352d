#include "plan/mode.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "spec/cdi.h"

namespace nvbox::plan {
namespace {

bool is_runtime_name(std::string_view name) {
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
  if (configured == "auto") {
    const bool are_cdi_names =
        request.ask == Ask::listed && std::ranges::all_of(request.devices, spec::is_qualified_name);
    return are_cdi_names ? Mode::cdi : Mode::jit_cdi;
  }
  for (const ModeName& row : mode_names) {
    if (row.name == configured) return row.mode;
  }
  return Error(cat("nvidia-container-runtime.mode: ", quote(configured), " is not a mode"))
      .hint("set auto, jit-cdi, cdi, legacy or csv in config.toml");
}

std::string_view default_kind(Mode mode, const config::Config& config) {
  return mode == Mode::jit_cdi ? runtime_kind : std::string_view(config.runtime.cdi_default_kind);
}

std::vector<std::string> cdi_names(const Request& request, Mode mode,
                                   const config::Config& config) {
  std::vector<std::string> names = request.devices;
  if (request.ask == Ask::all) names = {"all"};
  if (request.ask == Ask::driver_only) names = {"none"};
  const std::string_view kind = default_kind(mode, config);
  for (std::string& name : names) {
    if (!spec::is_qualified_name(name)) name = cat(kind, "=", name);
  }
  keep_first(names);
  return names;
}

Result<bool> are_runtime_names(const std::vector<std::string>& names, Mode mode,
                               const config::Config& config) {
  const auto own = std::ranges::count_if(names, is_runtime_name);
  if (own == 0) return false;
  if (std::cmp_equal(own, names.size())) return true;
  const auto other = std::ranges::find_if_not(names, is_runtime_name);
  return Error(cat("CDI device ", printable(*other), " and devices of ", runtime_kind,
                   " cannot be in one request"))
      .hint(cat("a name without a kind is of ", default_kind(mode, config),
                " here; ask for all devices by names of one of the two"));
}

Request with_runtime_names(Request request, const std::vector<std::string>& names) {
  request.ask = Ask::listed;
  request.devices.clear();
  for (const std::string& name : names) {
    request.devices.push_back(name.substr(runtime_kind.size() + 1));
  }
  if (std::ranges::find(request.devices, "all") != request.devices.end()) {
    request.ask = Ask::all;
    request.devices.clear();
  } else if (request.devices == std::vector<std::string>{"none"}) {
    request.ask = Ask::driver_only;
    request.devices.clear();
  }
  return request;
}

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
