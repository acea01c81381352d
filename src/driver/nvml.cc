#include "nvbox/driver/nvml.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "driver/context.h"
#include "driver/mig.h"
#include "driver/nvml_answer.h"
#include "driver/nvml_cache.h"
#include "driver/nvml_helper.h"
#include "nvbox/base/text.h"
#include "nvbox/data/json.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view changed =
    "its MIG devices were changed while they were read; try it again";

bool is_masked(const std::string& uuid) {
  return uuid.empty() || uuid.contains('?');
}

// Whether both have the same instances.
bool agree(const std::vector<Mig>& known, const std::vector<NvmlMig>& told) {
  return known.size() == told.size() && std::ranges::all_of(told, [&](const NvmlMig& one) {
           return std::ranges::any_of(known, [&](const Mig& mig) {
             return mig.gpu_instance == one.gpu_instance &&
                    mig.compute_instance == one.compute_instance;
           });
         });
}

void name_migs(const std::vector<NvmlMig>& told, std::vector<Mig>& migs) {
  for (Mig& mig : migs) {
    const auto one = std::ranges::find_if(told, [&](const NvmlMig& candidate) {
      return candidate.gpu_instance == mig.gpu_instance &&
             candidate.compute_instance == mig.compute_instance;
    });
    if (one == told.end()) continue;
    mig.index = one->index;
    mig.uuid = one->uuid;
    mig.has_graphics = one->has_graphics;
  }
}

void fill_migs(const Context& context, const NvmlGpu& told, Gpu& gpu) {
  gpu.mig = MigNodes(context).of(gpu.minor);
  if (!told.mig) {
    if (!gpu.mig.empty() && !gpu.unanswered) {
      gpu.unanswered = "the driver's libnvidia-ml cannot list MIG devices";
    }
    return;
  }
  name_migs(*told.mig, gpu.mig);
  if (!agree(gpu.mig, *told.mig) && !gpu.unanswered) gpu.unanswered = changed;
}

void fill(const Context& context, const NvmlGpu& told, Gpu& gpu) {
  if (!told.failure.empty()) gpu.unanswered = told.failure;
  if (is_masked(gpu.uuid) && !told.uuid.empty()) gpu.uuid = told.uuid;
  if (gpu.brand.empty()) gpu.brand = told.brand;
  if (gpu.architecture.empty()) gpu.architecture = told.architecture;
  // A library or a GPU that does not know the question has one address space less.
  if (told.coherent || told.failure.empty()) gpu.coherent = told.coherent.value_or(false);
  if (!gpu.mig.empty() || told.mig) fill_migs(context, told, gpu);
}

bool is_whole(const NvmlAnswer& answer) {
  return answer.failure.empty() &&
         std::ranges::all_of(answer.gpus, [](const NvmlGpu& gpu) { return gpu.failure.empty(); });
}

class Asking {
 public:
  Asking(const Context& context, const NvmlSettings& settings, Inventory& inventory)
      : context_(context), settings_(settings), inventory_(inventory) {}

  void run(std::span<const size_t> gpus) {
    std::vector<std::string> bus_ids;
    for (const size_t position : gpus) bus_ids.push_back(inventory_.gpus[position].bus_id);
    const Result<NvmlAnswer> answer = find(bus_ids);
    if (!answer) {
      inventory_.unanswered = answer.error().full_message();
      return;
    }
    if (!answer->failure.empty()) inventory_.unanswered = answer->failure;
    std::string& cuda = inventory_.driver.cuda_version;
    if (cuda.empty()) cuda = answer->cuda_version;
    for (const size_t position : gpus) fill_from(*answer, inventory_.gpus[position]);
  }

 private:
  Result<NvmlAnswer> find(const std::vector<std::string>& bus_ids) const {
    const NvmlCache cache(context_.roots.host, inventory_);
    if (settings_.use_cache) {
      if (const auto kept = cache.find(bus_ids)) return read_nvml_answer(*kept);
    }
    const std::string text =
        NVBOX_TRY(run_nvml_helper(context_, inventory_, bus_ids, settings_.timeout_s));
    const auto nonsense = [](auto result) {
      return std::move(result).in("the NVML helper answered nonsense");
    };
    const data::Json document = NVBOX_TRY(nonsense(data::parse_json(text, nvml_answer_limits)));
    NvmlAnswer answer = NVBOX_TRY(nonsense(read_nvml_answer(document)));
    if (settings_.use_cache && is_whole(answer)) cache.keep(document);
    return answer;
  }

  void fill_from(const NvmlAnswer& answer, Gpu& gpu) const {
    const auto told = std::ranges::find(answer.gpus, gpu.bus_id, &NvmlGpu::bus_id);
    if (told != answer.gpus.end()) return fill(context_, *told, gpu);
    if (!inventory_.unanswered) gpu.unanswered = "NVML says nothing about it";
  }

  const Context& context_;
  const NvmlSettings& settings_;
  Inventory& inventory_;
};

}  // namespace

NvmlSettings nvml_settings(const host::Environment& environment, unsigned timeout_s) {
  const std::string_view variable = environment.get("NVIDIA_CTK_NO_CACHE").value_or("");
  return {.timeout_s = timeout_s, .use_cache = !parse_bool(variable).value_or(false)};
}

void ask_nvml(const Roots& roots, const Search& search, const NvmlSettings& settings,
              std::span<const size_t> gpus, Inventory& inventory) {
  const Need need;
  const Context context = {roots, search, need, inventory.problems};
  Asking(context, settings, inventory).run(gpus);
}

}  // namespace nvbox::driver
