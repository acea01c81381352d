#include "plan/cdi_hooks.h"

#include <utility>

#include "base/list.h"
#include "base/path.h"
#include "base/text.h"

namespace nvbox::plan {
namespace {

constexpr std::string_view chmod_hook = "chmod";

}  // namespace

bool CdiHookMaker::is_chosen(std::string_view name) const {
  if (contains(choice_.enabled, name)) return true;
  if (contains(choice_.disabled, "all") || contains(choice_.disabled, name)) return false;
  return name != chmod_hook;
}

void CdiHookMaker::add(std::string_view name, std::vector<std::string> arguments,
                       spec::ContainerEdits& edits) const {
  const std::string program(path::base_name(choice_.program));
  spec::Hook hook = {.stage = "createContainer", .path = choice_.program, .args = {program}};
  if (program == "nvidia-ctk") hook.args.emplace_back("hook");
  hook.args.emplace_back(name);
  for (std::string& argument : arguments) hook.args.push_back(std::move(argument));
  // runc gives a hook without variables of its own those of the container (CVE-2025-23266).
  hook.env = {"NVIDIA_CTK_DEBUG=false"};
  edits.hooks.push_back(std::move(hook));
}

void CdiHookMaker::add_links(const std::vector<spec::Link>& links,
                             spec::ContainerEdits& edits) const {
  if (links.empty() || !is_chosen("create-symlinks")) return;
  std::vector<std::string> arguments;
  for (const spec::Link& link : links) {
    arguments.emplace_back("--link");
    arguments.push_back(cat(link.target, "::", link.link));
  }
  add("create-symlinks", std::move(arguments), edits);
}

void CdiHookMaker::add_chmod(std::span<const std::string_view> directories,
                             spec::ContainerEdits& edits) const {
  if (directories.empty() || !is_chosen(chmod_hook)) return;
  std::vector<std::string> arguments = {"--mode", "755"};
  for (const std::string_view directory : directories) {
    arguments.emplace_back("--path");
    arguments.emplace_back(directory);
  }
  add(chmod_hook, std::move(arguments), edits);
}

void CdiHookMaker::add_cuda_compat(std::string_view driver_version,
                                   spec::ContainerEdits& edits) const {
  if (!is_chosen("enable-cuda-compat")) return;
  add("enable-cuda-compat", {cat("--host-driver-version=", driver_version)}, edits);
}

void CdiHookMaker::add_ld_cache(const std::vector<std::string>& folders,
                                spec::ContainerEdits& edits) const {
  if (folders.empty() || !is_chosen("update-ldcache")) return;
  std::vector<std::string> arguments;
  if (!choice_.ldconfig_path.empty()) arguments = {"--ldconfig-path", choice_.ldconfig_path};
  for (const std::string& folder : folders) {
    arguments.emplace_back("--folder");
    arguments.push_back(folder);
  }
  add("update-ldcache", std::move(arguments), edits);
}

void CdiHookMaker::add_mask_params(spec::ContainerEdits& edits) const {
  if (is_chosen("disable-device-node-modification")) {
    add("disable-device-node-modification", {}, edits);
  }
}

void CdiHookMaker::add_application_profile(spec::ContainerEdits& edits) const {
  if (is_chosen("update-application-profile")) add("update-application-profile", {}, edits);
}

}  // namespace nvbox::plan
