#include "runtime/inject_cdi.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nvbox/apply/complete_nodes.h"
#include "nvbox/base/text.h"
#include "nvbox/config/cdi_registry.h"
#include "nvbox/driver/discover.h"
#include "nvbox/host/root.h"
#include "nvbox/plan/cdi_spec_for.h"
#include "nvbox/plan/mode.h"
#include "nvbox/spec/cdi.h"
#include "runtime/cdi_freshness.h"
#include "runtime/machine.h"

namespace nvbox::runtime {
namespace {

// The kind that nvbox itself can answer for, when the specification on disk no longer does.
constexpr std::string_view own_kind = "nvidia.com/gpu";

bool is_of_kind(std::string_view name, std::string_view kind) {
  return name.starts_with(kind) && name.substr(kind.size()).starts_with('=');
}

bool are_of_kind(const std::vector<std::string>& names, std::string_view kind) {
  return std::ranges::all_of(names, [&](const auto& name) { return is_of_kind(name, kind); });
}

// "all" and "none" are names like any other here.
std::vector<std::string> qualified_names(const plan::Request& request, std::string_view kind) {
  std::vector<std::string> names = request.devices;
  if (request.ask == plan::Ask::all) names = {"all"};
  if (request.ask == plan::Ask::driver_only) names = {"none"};
  std::vector<std::string> out;
  for (std::string& name : names) {
    if (!spec::is_qualified_name(name)) name = cat(kind, "=", name);
    if (std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
  return out;
}

// What the specification would have given: every driver file but those for 32 bits, whatever the
// capabilities, and nothing that other variables ask for besides requirements and rights.
plan::Request generated_instead(const std::vector<std::string>& names, const plan::Request& asked) {
  plan::Request request = {.ask = plan::Ask::listed,
                           .capabilities = plan::cdi_capabilities,
                           .requirements = asked.requirements,
                           .mig_config = asked.mig_config,
                           .mig_monitor = asked.mig_monitor};
  for (const std::string& name : names) {
    request.devices.push_back(cat(plan::runtime_kind, name.substr(own_kind.size())));
  }
  return request;
}

void warn(const std::vector<config::CdiProblem>& problems, const Log& log) {
  for (const config::CdiProblem& problem : problems) log.warning(problem.text());
}

// The request as nvbox answers it itself, when one of the files is not of this host any more.
std::optional<plan::Request> renewed(const std::vector<std::string>& names,
                                     const std::vector<config::CdiFile>& files,
                                     const plan::Request& request, const InjectOptions& options,
                                     const Log& log) {
  if (!are_of_kind(names, own_kind)) return std::nullopt;
  const auto machine = Machine::open(options.config);
  if (!machine) return std::nullopt;
  const driver::Roots roots = machine->roots();
  for (const config::CdiFile& file : files) {
    if (file.spec.kind != own_kind) continue;
    const auto reason = staleness(file, roots);
    if (!reason) continue;
    log.warning(cat(file.path, " is stale: ", *reason,
                    "; the devices are described anew for this container, run 'nvidia-ctk cdi "
                    "generate --output=",
                    file.path, "' to bring the file up to date"));
    return generated_instead(names, request);
  }
  return std::nullopt;
}

}  // namespace

Result<CdiAnswer> answer_by_cdi(plan::Request request, const InjectOptions& options,
                                const Log& log) {
  const config::Config::Runtime& config = options.config.runtime;
  const std::vector<std::string> names = qualified_names(request, config.cdi_default_kind);
  if (std::ranges::any_of(names,
                          [](const auto& name) { return is_of_kind(name, plan::runtime_kind); })) {
    request.ask = plan::Ask::listed;
    request.devices = names;
    return CdiAnswer(std::move(request));
  }
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const config::CdiDirectories directories = {host, config.cdi_spec_dirs};
  config::CdiMatch match = config::find_cdi(directories, names);
  if (!match.unresolved.empty()) {
    const config::CdiContents contents = config::load_all_cdi(directories);
    warn(contents.problems, log);
    auto own = renewed(names, contents.files, request, options, log);
    if (own) return CdiAnswer(*std::move(own));
    return config::unresolved_cdi(match, directories, contents);
  }
  warn(match.problems, log);
  auto own = renewed(names, match.files, request, options, log);
  if (own) return CdiAnswer(*std::move(own));
  NVBOX_TRY(apply::complete_nodes(host, match.edits));
  return CdiAnswer(std::move(match.edits));
}

}  // namespace nvbox::runtime
