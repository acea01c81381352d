#include "runtime/fold_hooks.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/inject.h"
#include "spec/container_work.h"

namespace nvbox::runtime {
namespace {

using spec::ContainerWork;
using spec::Hook;

class Folder {
 public:
  Folder(const host::Root& host, const InjectOptions& options) : host_(host), options_(options) {}

  std::vector<Hook> fold(std::vector<Hook> hooks) {
    for (Hook& hook : hooks) {
      // Those of other stages are called at other times.
      if (hook.stage != stage) {
        out_.push_back(std::move(hook));
        continue;
      }
      const std::optional<ContainerWork> work = work_of(hook);
      if (!work || !spec::add(work_, *work)) {
        end_group();
        if (work) work_ = *work;
      }
      (work ? group_ : out_).push_back(std::move(hook));
    }
    end_group();
    return std::move(out_);
  }

 private:
  static constexpr std::string_view stage = "createContainer";

  std::optional<ContainerWork> work_of(const Hook& hook) {
    const bool is_usual = !hook.timeout && (hook.env.empty() || hook.env == usual_environment_);
    if (!is_usual || !is_own(hook.path)) return std::nullopt;
    return spec::work_of_cdi_hook(hook.args);
  }

  bool is_own(const std::string& program) {
    const auto [known, is_new] = known_.try_emplace(program, false);
    if (is_new)
      known->second = resolved(program) && resolved(program) == resolved(options_.program);
    return known->second;
  }

  std::optional<std::string> resolved(const std::string& path) const {
    const auto file = host_.resolve(path);
    return file ? *file : std::nullopt;
  }

  void end_group() {
    if (group_.size() > 1) group_ = {work_hook(work_, options_)};
    for (Hook& hook : group_) out_.push_back(std::move(hook));
    group_.clear();
    work_ = {};
  }

  const host::Root& host_;
  const InjectOptions& options_;
  const std::vector<std::string> usual_environment_ = {"NVIDIA_CTK_DEBUG=false"};
  std::map<std::string, bool> known_{};
  std::vector<Hook> group_{};
  ContainerWork work_{};  // of the group
  std::vector<Hook> out_{};
};

}  // namespace

void fold_hooks(std::vector<Hook>& hooks, const host::Root& host, const InjectOptions& options) {
  hooks = Folder(host, options).fold(std::move(hooks));
}

}  // namespace nvbox::runtime
