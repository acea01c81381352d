// A container's config.json from its text to the edits that it gets on one host.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apply/to_oci.h"
#include "base/path.h"
#include "plan/edits_for.h"
#include "plan/mode.h"
#include "plan/request.h"
#include "plan/select.h"
#include "security/fuzz/inventory.h"
#include "spec/oci.h"

namespace nvbox {
namespace {

using data::Json;

const driver::Inventory& host() {
  static const driver::Inventory inventory = fuzz::inventory();
  return inventory;
}

// Everything in a document that could be a device's name, wherever it stands: each of its texts,
// taken apart in every way in which lists, CDI names and folders of mounts are.
class Names {
 public:
  explicit Names(const Json& document) { add(document); }

  bool has_word(std::string_view word) const {
    return std::ranges::find(names_, word) != names_.end();
  }
  bool any(auto rule) const { return std::ranges::any_of(names_, rule); }
  bool has_text(std::string_view text) const {
    return std::ranges::any_of(texts_, [&](const std::string& each) { return each == text; });
  }
  // A variable of this name is set.
  bool has_variable(std::string_view name) const {
    return std::ranges::any_of(
        texts_, [&](const std::string& each) { return each.starts_with(cat(name, "=")); });
  }

 private:
  void add(const Json& value) {
    if (value.is_string()) add_text(value.get<std::string>());
    if (!value.is_structured()) return;
    for (const auto& [key, member] : value.items()) add(member);
  }

  void add_text(const std::string& text) {
    texts_.push_back(text);
    const std::string clean = path::clean(text);
    for (const std::string_view whole : {std::string_view(text), std::string_view(clean)}) {
      for (std::string_view piece : split(whole, ',')) {
        piece = trim(piece);
        names_.emplace_back(piece);
        for (size_t at = piece.find_first_of("/="); at != std::string_view::npos;
             at = piece.find_first_of("/=", at + 1)) {
          names_.emplace_back(trim(piece.substr(at + 1)));
        }
      }
    }
  }

  std::vector<std::string> texts_{};
  std::vector<std::string> names_{};
};

void require_named(const spec::ContainerEdits& edits, const Names& names) {
  // An image of before NVIDIA_VISIBLE_DEVICES asks for all of them by its CUDA_VERSION.
  const bool is_all = names.has_word("all") || names.has_variable("CUDA_VERSION");
  const auto is_given = [&](const std::optional<driver::HostDevice>& device) {
    return device && std::ranges::any_of(edits.nodes, [&](const spec::DeviceNode& node) {
             return node.major == device->major && node.minor == device->minor;
           });
  };
  for (const driver::Gpu& gpu : host().gpus) {
    bool is_named = names.any([&](auto& name) { return fuzz::may_mean(name, gpu); });
    for (const driver::Mig& mig : gpu.mig) {
      const bool is_part = names.any([&](auto& name) { return fuzz::may_mean(name, gpu, mig); });
      fuzz::require(is_all || is_part || !is_given(mig.gpu_instance_node),
                    "a MIG device is given to whom names it");
      fuzz::require(is_all || is_part || !is_given(mig.compute_instance_node),
                    "a compute instance is given to whom names it");
      is_named = is_named || is_part;
    }
    fuzz::require(is_all || is_named || !is_given(gpu.node), "a GPU is given to whom names it");
    fuzz::require(!gpu.problem || !is_given(gpu.node), "a broken GPU is given to nobody");
  }
  for (const driver::HostDevice& channel : host().imex_channels) {
    fuzz::require(!is_given(channel) || names.any([&](auto& name) {
      return fuzz::may_mean_channel(name, channel.minor);
    }),
                  "an IMEX channel is given to whom names it");
  }
}

// What edits are not about stays: members that nobody knows, and all that the container had.
void require_kept(const Json& before, const Json& after) {
  for (const auto& [name, value] : before.items()) {
    const bool is_edited =
        name == "process" || name == "linux" || name == "mounts" || name == "hooks";
    fuzz::require(after.contains(name), "a member stays");
    fuzz::require(is_edited || after.at(name) == value, "a member keeps its value");
  }
}

void apply(const std::string_view text, const spec::ContainerEdits& edits) {
  auto spec = spec::OciSpec::parse(text);
  const Json before = spec->document();
  if (!apply::add_edits(*spec, edits)) return;
  require_kept(before, spec->document());
  const auto written = spec->dump();
  fuzz::require(written.has_value(), "what was read can be written");
  const auto again = spec::OciSpec::parse(*written);
  fuzz::require(again.has_value() && again->document() == spec->document(),
                "what is written can be read");
  fuzz::require(again->view().has_value(), "an edited specification has a view");
}

void serve(std::string_view text, const Names& names, const plan::Request& request,
           const config::Config& config) {
  const auto native = plan::with_native_names(request, config);
  if (!native || native->ask == plan::Ask::nothing) return;
  (void)plan::need_of(*native);
  const auto selection = plan::select(host(), *native);
  if (!selection) return;
  const plan::ContainerPlan plan = plan::plan_for(host(), *selection, native->capabilities, config);
  require_named(plan.edits, names);
  apply(text, plan.edits);
}

std::vector<config::Config> configurations() {
  config::Config usual;
  config::Config kubernetes;
  kubernetes.accept_env_when_unprivileged = false;
  kubernetes.accept_volume_mounts = true;
  config::Config closed;
  closed.accept_env_when_unprivileged = false;
  config::Config swarm;
  swarm.swarm_resource = {"DOCKER_RESOURCE_GPU"};
  return {usual, kubernetes, closed, swarm};
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const std::string_view text = fuzz::text_of(data, size);
  auto spec = spec::OciSpec::parse(text);
  if (!spec) return 0;
  const auto removed = apply::remove_nvidia_hooks(*spec);
  if (removed) fuzz::require(!apply::has_nvidia_hook(*spec).value(), "no hook is left");
  const auto view = spec->view();
  if (!view) return 0;
  const Names names(spec->document());
  fuzz::require(!view->privileged || names.has_text("CAP_SYS_ADMIN"),
                "a container without the capability is not privileged");
  for (const config::Config& config : configurations()) {
    for (const auto annotations : {plan::Annotations::ignore, plan::Annotations::honour}) {
      const auto request = plan::request_of(*view, config, annotations);
      if (!request) continue;
      const bool is_closed = !config.accept_env_when_unprivileged && !config.accept_volume_mounts &&
                             annotations == plan::Annotations::ignore && !view->privileged;
      fuzz::require(!is_closed || request->ask == plan::Ask::nothing,
                    "nothing is asked for where no source counts");
      (void)plan::resolve_mode("auto", *request);
      (void)plan::cdi_names(*request, plan::Mode::cdi, config);
      serve(text, names, *request, config);
    }
  }
  return 0;
}
