#include "runtime/inject.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/complete_nodes.h"
#include "apply/to_oci.h"
#include "base/path.h"
#include "base/text.h"
#include "config/cdi_registry.h"
#include "host/environment.h"
#include "host/root.h"
#include "machine/freshness.h"
#include "machine/survey.h"
#include "plan/cdi_spec_for.h"
#include "plan/edits_for.h"
#include "plan/mode.h"
#include "plan/parts.h"
#include "plan/requirements.h"
#include "runtime/low_level.h"
#include "runtime/place.h"
#include "spec/cdi.h"
#include "spec/fold_hooks.h"
#include "spec/hook_time.h"

namespace nvbox::runtime {
namespace {

// The kind that nvidia-ctk makes specifications of.
constexpr std::string_view own_kind = "nvidia.com/gpu";

constexpr std::string_view remedy = "nvidia-ctk cdi generate --output=";

bool is_word(std::string_view name) {
  return name == "all" || name == "none";
}

// "gpu0" and "mig0:1", a way to name devices of its own, without their first word.
std::string native_name(std::string_view name) {
  constexpr std::string_view digits = "0123456789";
  for (const std::string_view type : {"gpu", "mig"}) {
    if (name.size() > type.size() && name.starts_with(type) && digits.contains(name[type.size()])) {
      return std::string(name.substr(type.size()));
    }
  }
  return std::string(name);
}

// The surest name of the device: numbers are given anew when a GPU is gone, UUIDs are not.
std::string surest_name(const spec::CdiSpec& spec, const spec::CdiDevice& device) {
  const auto found = std::ranges::find_if(spec.devices, [&](const spec::CdiDevice& other) {
    return (other.name.starts_with("GPU-") || other.name.starts_with("MIG-")) &&
           other.edits == device.edits;
  });
  return found == spec.devices.end() ? native_name(device.name) : found->name;
}

// The devices of the specification that have these names. Its "all" is every one that it has, and
// not what else the host has.
std::vector<std::string> devices_of(const spec::CdiSpec& spec,
                                    const std::vector<std::string>& names) {
  const bool is_all = std::ranges::find(names, "all") != names.end();
  std::vector<std::string> out;
  for (const spec::CdiDevice& device : spec.devices) {
    if (is_word(device.name)) continue;
    const bool is_named = is_all || std::ranges::find(names, device.name) != names.end();
    if (is_named) out.push_back(surest_name(spec, device));
  }
  keep_first(out);
  return out;
}

// What the specification would have given: every driver file but those for 32 bits, whatever the
// capabilities, and nothing that other variables ask for besides requirements and rights.
plan::Request generated_instead(const std::vector<std::string>& names, const spec::CdiSpec& spec,
                                const plan::Request& asked) {
  plan::Request request = {.ask = plan::Ask::listed,
                           .capabilities = plan::cdi_capabilities,
                           .requirements = asked.requirements,
                           .mig = asked.mig};
  std::vector<std::string> wanted;
  wanted.reserve(names.size());
  for (const std::string& name : names) wanted.push_back(name.substr(own_kind.size() + 1));
  request.devices = devices_of(spec, wanted);
  request.leave_out_unknown = std::ranges::find(wanted, "all") != wanted.end();
  if (std::ranges::all_of(wanted, [](const auto& name) { return name == "none"; })) {
    request.ask = plan::Ask::driver_only;
  }
  return request;
}

void warn(const std::vector<config::CdiProblem>& problems, const Log& log) {
  for (const config::CdiProblem& problem : problems) log.warning(problem.text());
}

// Where the driver cannot be asked, specifications have to be taken at their word.
std::optional<std::string> reason_for_renewal(const config::CdiFile& file,
                                              const InjectOptions& options) {
  if (file.spec.kind != own_kind || !file.stamp) return std::nullopt;
  const auto place = open_place(options);
  if (!place) return std::nullopt;
  auto reason = machine::staleness(file, place->roots());
  return reason ? *reason : std::nullopt;
}

// The request as nvbox answers it itself, where the specification is nvidia-ctk's and not of this
// host any more: for the names that the specification has, because whoever made it may have left
// others out on purpose.
Result<std::optional<plan::Request>> renewed(const std::vector<std::string>& names,
                                             const std::vector<config::CdiFile>& files,
                                             const plan::Request& request,
                                             const InjectOptions& options, const Log& log) {
  for (const config::CdiFile& file : files) {
    const auto reason = reason_for_renewal(file, options);
    if (!reason) continue;
    const std::string what = cat(file.path, " is stale: ", *reason);
    plan::Request anew = generated_instead(names, file.spec, request);
    const bool is_possible =
        files.size() == 1 && (anew.ask == plan::Ask::driver_only || !anew.devices.empty());
    if (!is_possible) return Error(what).hint(cat("run '", remedy, file.path, "'"));
    log.warning(cat(what, "; its devices are described anew for this container, run '", remedy,
                    file.path, "' to bring the file up to date"));
    return std::optional(std::move(anew));
  }
  return std::optional<plan::Request>();
}

// A low-level runtime would refuse such a mount, without a word of where it comes from.
Result<> check_mounts(const config::CdiMatch& match, const host::Root& host) {
  // Of one that was made for this host as it is now, the files are there.
  if (std::ranges::all_of(match.files, [](const auto& file) { return file.stamp.has_value(); })) {
    return {};
  }
  for (const spec::Mount& mount : match.edits.mounts) {
    // A file system of the kernel has no file on the host ("tmpfs").
    if (!mount.host_path.starts_with('/')) continue;
    const auto info = host.stat(mount.host_path);
    if (!info || *info) continue;
    std::vector<std::string> paths;
    for (const config::CdiFile& file : match.files) paths.push_back(file.path);
    return Error(cat(join(paths, ", "), ": ", mount.host_path, " does not exist on this host"))
        .hint(cat("the specification is stale or of another host; for one of NVIDIA's GPUs run '",
                  remedy, paths.front(), "'"));
  }
  return {};
}

// Hooks of a specification whose program is this one, by whatever name.
void fold_hooks(spec::ContainerEdits& edits, const host::Root& host, const InjectOptions& options) {
  const auto place_of = [&](const std::string& path) {
    const auto file = host.resolve(path);
    return file ? *file : std::nullopt;
  };
  std::optional<std::string> own;
  std::map<std::string, bool> known;
  const auto is_own = [&](const spec::Hook& hook) {
    const auto [program, is_new] = known.try_emplace(hook.path, false);
    if (!is_new) return program->second;
    if (!own) own = place_of(options.program).value_or("");
    return program->second = !own->empty() && place_of(hook.path) == *own;
  };
  edits.hooks =
      spec::fold_hooks(std::move(edits.hooks), is_own,
                       [&](const spec::ContainerWork& work) { return work_hook(work, options); });
}

}  // namespace

Result<CdiAnswer> answer_by_cdi(const std::vector<std::string>& names, const plan::Request& request,
                                const InjectOptions& options, const Log& log) {
  const host::Root host =
      NVBOX_TRY(host::Root::open(std::string(options.directories.host), options.directories.nodes));
  const config::CdiDirectories directories = {host, options.config.runtime.cdi_spec_dirs};
  config::CdiMatch match = config::find_cdi(directories, names);
  if (!match.unresolved.empty()) {
    const config::CdiContents contents = config::load_all_cdi(directories);
    warn(contents.problems, log);
    return config::unresolved_cdi(match, directories, contents);
  }
  warn(match.problems, log);
  auto own = NVBOX_TRY(renewed(names, match.files, request, options, log));
  if (own) return CdiAnswer(*std::move(own));
  NVBOX_TRY(check_mounts(match, host));
  NVBOX_TRY(apply::complete_nodes(host, match.edits));
  fold_hooks(match.edits, host, options);
  return CdiAnswer(std::move(match.edits));
}

namespace {

// A driver that guards MIG devices by files below /proc alone shows them to every container whose
// /proc nobody covers.
void warn_of_open_mig(const driver::Inventory& inventory, const plan::Selection& selection,
                      const Log& log) {
  for (const auto& [gpu, mig] : selection.migs) {
    if (!inventory.gpus[gpu].mig[mig].is_guarded_by_files) continue;
    log.warning(
        "this driver has no nodes for MIG devices, only files below /proc that every container can "
        "read; in legacy mode, containers see only their own");
    return;
  }
}

}  // namespace

// The hook does not trust its environment to name a file, but it does its arguments.
spec::Hook work_hook(const spec::ContainerWork& work, const InjectOptions& options) {
  spec::Hook hook = plan::hook_for(work, options.program);
  const std::string_view debug = options.environment.get("NVIDIA_CTK_DEBUG").value_or("");
  if (parse_bool(debug).value_or(false)) hook.env = {"NVIDIA_CTK_DEBUG=true"};
  if (debug.starts_with('/')) hook.args.insert(hook.args.begin() + 1, cat("--log=", debug));
  return hook;
}

Result<> inject_native(spec::OciSpec& spec, const plan::Request& request,
                       const InjectOptions& options, const Log& log) {
  const machine::Place place = NVBOX_TRY(open_place(options));
  auto [inventory, selection] =
      NVBOX_TRY(survey_for(place, request, plan::need_of(request), options, log));
  NVBOX_TRY(plan::check_requirements(request.requirements, inventory, selection));
  plan::ContainerPlan plan =
      plan::plan_for(inventory, selection, request.capabilities, options.config);
  warn_of_open_mig(inventory, selection, log);
  if (!plan.work.empty()) {
    plan.edits.hooks.push_back(work_hook(plan.work, options));
  }
  NVBOX_TRY(apply::add_edits(spec, plan.edits).in("config.json"));
  log.debug(cat("injected ", plan.edits.nodes.size(), " device nodes and ",
                plan.edits.mounts.size(), " mounts"));
  return {};
}

namespace {

constexpr std::string_view hook_name = "nvidia-container-runtime-hook";

// What the hook and nvidia-container-cli read.
constexpr std::string_view hook_variables[] = {
    "PATH",          "NVIDIA_CTK_CONFIG_FILE_PATH", "XDG_CONFIG_HOME",    "NVC_DEBUG_FILE",
    "XDG_DATA_DIRS", "CUDA_MPS_PIPE_DIRECTORY",     "NVIDIA_CTK_NO_CACHE"};

// As this process has them. Some low-level runtimes give a hook without variables of its own those
// of the container (CVE-2025-23266).
std::vector<std::string> hook_environment(const host::Environment& own) {
  std::vector<std::string> out = {
      cat("NVIDIA_CTK_DEBUG=", own.get("NVIDIA_CTK_DEBUG").value_or("false"))};
  for (const std::string_view name : hook_variables) {
    if (const auto value = own.get(name)) out.push_back(cat(name, "=", *value));
  }
  return out;
}

// Where no such program is installed, this one is it, under that name.
spec::Hook prestart_hook(const InjectOptions& options) {
  const std::string& configured = options.config.hook.path;
  Program program = {configured, Program::Kind::usable};
  if (!configured.starts_with('/')) {
    program = ProgramSearch(options.environment.get("PATH").value_or(""))
                  .find(configured.empty() ? std::string(hook_name) : configured);
  }
  spec::Hook hook = {.stage = "prestart",
                     .path = {},
                     .env = hook_environment(options.environment),
                     .timeout = spec::prestart_hook_time.timeout};
  const bool is_absent = program.kind == Program::Kind::absent;
  hook.args = {is_absent ? std::string(hook_name) : std::string(path::base_name(program.path)),
               "prestart"};
  hook.path = is_absent ? options.program : program.path;
  return hook;
}

// The part of the work that the prestart hook leaves to a hook of its own.
spec::ContainerWork compat_work(const driver::Inventory& inventory, const config::Config& config) {
  spec::ContainerWork work;
  if (config.runtime.legacy_cuda_compat_mode == "hook" &&
      !config.features.disable_cuda_compat_lib_hook) {
    plan::add_cuda_compat(inventory.driver, work);
  }
  return work;
}

}  // namespace

Result<> inject_legacy(spec::OciSpec& spec, const plan::Request& asked,
                       const InjectOptions& options, const Log& log) {
  const plan::Request request = NVBOX_TRY(plan::with_native_names(asked, options.config));
  // Files are the hook's, and so is the last word on requirements; they count here so that no node
  // is made for a container that the hook will refuse.
  driver::Need need = plan::need_of(request);
  need.only_nodes = true;
  const machine::Place place = NVBOX_TRY(open_place(options));
  const auto [inventory, selection] = NVBOX_TRY(survey_for(place, request, need, options, log));
  const plan::ContainerPlan plan =
      plan::plan_for(inventory, selection, request.capabilities, options.config);
  // No variable: the hook has yet to read what is asked for.
  spec::ContainerEdits edits = {.nodes = plan.edits.nodes,
                                .mounts = plan.edits.mounts,
                                .additional_gids = plan.edits.additional_gids,
                                .allowed = plan.edits.allowed};
  const bool has_hook = NVBOX_TRY(apply::has_nvidia_hook(spec));
  if (!has_hook) edits.hooks.push_back(prestart_hook(options));
  const spec::ContainerWork work = compat_work(inventory, options.config);
  if (!work.empty()) edits.hooks.push_back(work_hook(work, options));
  return apply::add_edits(spec, edits).in("config.json");
}

}  // namespace nvbox::runtime
