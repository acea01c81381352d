#include "nvml/ask.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "data/json.h"
#include "driver/context.h"
#include "driver/mig.h"
#include "nvml/answer.h"
#include "nvml/cache.h"
#include "nvml/run_helper.h"

namespace nvbox::nvml {
namespace {

constexpr std::string_view changed =
    "its MIG devices were changed while they were read; try it again";

// Whether both have the same instances.
bool agree(const std::vector<driver::Mig>& known, const std::vector<ToldMig>& told) {
  return known.size() == told.size() && std::ranges::all_of(told, [&](const ToldMig& one) {
           return std::ranges::any_of(known, [&](const driver::Mig& mig) {
             return mig.gpu_instance == one.gpu_instance &&
                    mig.compute_instance == one.compute_instance;
           });
         });
}

void name_migs(const std::vector<ToldMig>& told, std::vector<driver::Mig>& migs) {
  for (driver::Mig& mig : migs) {
    const auto one = std::ranges::find_if(told, [&](const ToldMig& candidate) {
      return candidate.gpu_instance == mig.gpu_instance &&
             candidate.compute_instance == mig.compute_instance;
    });
    if (one == told.end()) continue;
    mig.index = one->index;
    mig.uuid = one->uuid;
    mig.has_graphics = one->has_graphics;
  }
}

// Problems were told when the devices were read first.
std::vector<driver::Mig> read_again(const driver::Context& context, unsigned gpu_minor) {
  std::vector<driver::Problem> known_problems;
  std::vector<driver::CoreFailure> known_failures;
  const driver::Context quiet = {context.roots, context.search, context.need, known_problems,
                                 known_failures};
  return driver::MigNodes(quiet).of(gpu_minor);
}

void fill_migs(const driver::Context& context, const ToldGpu& told, driver::Gpu& gpu) {
  gpu.mig = read_again(context, gpu.minor);
  if (!told.mig) {
    if (!gpu.mig.empty() && !gpu.unanswered) {
      gpu.unanswered = "the driver's libnvidia-ml cannot list MIG devices";
    }
    return;
  }
  name_migs(*told.mig, gpu.mig);
  if (!agree(gpu.mig, *told.mig) && !gpu.unanswered) gpu.unanswered = changed;
}

void fill(const driver::Context& context, const ToldGpu& told, driver::Gpu& gpu) {
  if (!told.failure.empty()) gpu.unanswered = told.failure;
  if (!driver::has_known_uuid(gpu) && !told.uuid.empty()) gpu.uuid = told.uuid;
  if (gpu.brand.empty()) gpu.brand = told.brand;
  if (gpu.architecture.empty()) gpu.architecture = told.architecture;
  // NVML says "not supported", and older libraries lack the call, where GPU and CPU have address
  // spaces of their own. Only a call that failed leaves it unknown.
  if (told.coherent || told.failure.empty()) gpu.coherent = told.coherent.value_or(false);
  if (!gpu.mig.empty() || told.mig) fill_migs(context, told, gpu);
}

Result<data::Json> parse(std::string_view text) {
  return data::parse_json(text, answer_limits).in("the NVML helper answered nonsense");
}

class Asking {
 public:
  Asking(const driver::Context& context, const AskSettings& settings, std::span<const size_t> gpus,
         driver::Inventory& inventory)
      : context_(context),
        settings_(settings),
        gpus_(gpus),
        inventory_(inventory),
        cache_(context.roots.host, inventory) {
    for (const size_t position : gpus) bus_ids_.push_back(inventory.gpus[position].bus_id);
  }

  void run() {
    if (settings_.use_cache && is_kept()) return;
    const Result<data::Json> document = ask();
    if (!document) {
      inventory_.unanswered = document.error().full_message();
      return;
    }
    const auto answer = read_answer(*document).in("the NVML helper answered nonsense");
    if (!answer) {
      inventory_.unanswered = answer.error().full_message();
      return;
    }
    fill_from(*answer);
    const bool keeps = settings_.use_cache && settings_.keeps_answers;
    if (keeps && is_answered() && !gpus_.empty()) cache_.keep(*document);
  }

 private:
  // An answer that does not fit the machine any more is as good as none.
  bool is_kept() {
    const auto kept = cache_.find(bus_ids_);
    if (!kept) return false;
    const auto answer = read_answer(*kept);
    if (!answer) return false;
    const driver::Inventory before = inventory_;
    fill_from(*answer);
    if (is_answered()) return true;
    inventory_ = before;
    return false;
  }

  // What was told, which need not be about all of the GPUs.
  Result<data::Json> ask() {
    const HelperOutput output =
        NVBOX_TRY(run_helper(context_, inventory_, bus_ids_, settings_.timeout_s));
    if (!output.failure) return parse(output.text);
    failure_ = output.failure->full_message();
    if (output.text.empty()) return *output.failure;
    return parse(output.text);
  }

  void fill_from(const Answer& answer) {
    if (!answer.failure.empty()) inventory_.unanswered = answer.failure;
    std::string& cuda = inventory_.driver.cuda_version;
    if (cuda.empty()) cuda = answer.cuda_version;
    for (const size_t position : gpus_) fill_gpu(answer, inventory_.gpus[position]);
  }

  void fill_gpu(const Answer& answer, driver::Gpu& gpu) const {
    const auto told = std::ranges::find(answer.gpus, gpu.bus_id, &ToldGpu::bus_id);
    if (told != answer.gpus.end()) return fill(context_, *told, gpu);
    if (!inventory_.unanswered) gpu.unanswered = failure_.value_or("NVML says nothing about it");
  }

  bool is_answered() const {
    return !inventory_.unanswered && std::ranges::none_of(gpus_, [&](size_t position) {
      return inventory_.gpus[position].unanswered.has_value();
    });
  }

  const driver::Context& context_;
  const AskSettings& settings_;
  std::span<const size_t> gpus_;
  driver::Inventory& inventory_;
  AnswerCache cache_;
  std::vector<std::string> bus_ids_{};
  std::optional<std::string> failure_{};  // what kept the helper from its end
};

}  // namespace

AskSettings settings_from(const host::Environment& environment, unsigned timeout_s) {
  const std::string_view variable = environment.get("NVIDIA_CTK_NO_CACHE").value_or("");
  return {.timeout_s = timeout_s, .use_cache = !parse_bool(variable).value_or(false)};
}

void ask(const driver::Roots& roots, const driver::Search& search, const AskSettings& settings,
         std::span<const size_t> gpus, driver::Inventory& inventory) {
  const driver::Need need;
  const driver::Context context = {roots, search, need, inventory.problems,
                                   inventory.core_failures};
  Asking(context, settings, gpus, inventory).run();
}

}  // namespace nvbox::nvml
