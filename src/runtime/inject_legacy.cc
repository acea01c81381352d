#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/to_oci.h"
#include "base/path.h"
#include "base/text.h"
#include "host/environment.h"
#include "plan/edits_for.h"
#include "plan/native_names.h"
#include "runtime/inject_native.h"
#include "runtime/place.h"
#include "runtime/programs.h"
#include "spec/hook_time.h"

namespace nvbox::runtime {
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
    work.cuda_compat_driver = inventory.driver.version;
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
  const plan::Plan plan =
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
