#include "spec/fold_hooks.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "spec/hook_time.h"

namespace nvbox::spec {
namespace {

constexpr std::string_view stage = "createContainer";

// What its call leaves open is as nvidia-ctk and plan::hook_for leave it.
bool is_usual(const Hook& hook) {
  const bool is_quiet = hook.env.size() == 1 && hook.env[0] == quiet_hook;
  return (hook.env.empty() || is_quiet) &&
         hook.timeout.value_or(work_hook_time.timeout) == work_hook_time.timeout;
}

}  // namespace

std::vector<Hook> fold_hooks(std::vector<Hook> hooks,
                             const std::function<bool(const Hook&)>& is_ours,
                             const std::function<Hook(const ContainerWork&)>& make) {
  std::vector<Hook> out;
  std::vector<Hook> group;
  ContainerWork work;  // of the group
  const auto end_group = [&] {
    // Compatibility libraries alone are put into no cache.
    const bool is_whole = work.cuda_compat_driver.empty() || !work.library_folders.empty();
    if (group.size() > 1 && is_whole) group = {make(work)};
    for (Hook& hook : group) out.push_back(std::move(hook));
    group.clear();
    work = {};
  };
  for (Hook& hook : hooks) {
    // Those of other stages are called at other times.
    if (hook.stage != stage) {
      out.push_back(std::move(hook));
      continue;
    }
    std::optional<ContainerWork> more;
    if (is_usual(hook) && is_ours(hook)) more = work_of_cdi_hook(hook.args);
    if (!more || !add(work, *more)) {
      end_group();
      work = more.value_or(ContainerWork{});
    }
    (more ? group : out).push_back(std::move(hook));
  }
  end_group();
  return out;
}

}  // namespace nvbox::spec
