#include "plan/nvml_question.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "plan/device_name.h"
#include "plan/parts.h"
#include "plan/requirements.h"
#include "plan/select.h"

namespace nvbox::plan {
namespace {

using driver::Gpu;
using driver::Inventory;

// The drivers of GPUs that are on no bus got NVML together with a version.
bool has_nvml(const Inventory& inventory, const Gpu& gpu) {
  return !gpu.bus_id.empty() || !inventory.driver.version.empty();
}

template <typename Predicate>
void add_gpus(const Inventory& inventory, Predicate predicate, std::vector<size_t>& gpus) {
  for (size_t position = 0; position < inventory.gpus.size(); ++position) {
    const Gpu& gpu = inventory.gpus[position];
    // A broken one would keep the answers about the others waiting.
    if (gpu.problem || !has_nvml(inventory, gpu) || !predicate(gpu)) continue;
    if (std::ranges::find(gpus, position) == gpus.end()) gpus.push_back(position);
  }
}

bool has_mig(const Gpu& gpu) {
  return !gpu.mig.empty();
}

// Those of which one could be the GPU with this UUID; none when one is, as far as is known.
void add_possible_owners(const Inventory& inventory, const std::string& uuid,
                         std::vector<size_t>& gpus) {
  const auto fits = [&](const Gpu& gpu) { return lower(gpu.uuid).starts_with(uuid); };
  if (std::ranges::any_of(inventory.gpus, fits)) return;
  add_gpus(
      inventory, [](const Gpu& gpu) { return !has_known_uuid(gpu); }, gpus);
}

// What has to be known to tell which device the name means.
std::vector<size_t> gpus_behind(const Inventory& inventory, std::string_view name) {
  std::vector<size_t> gpus;
  const DeviceName wanted = parse_device_name(name);
  switch (wanted.kind) {
    case DeviceName::Kind::mig_index:
      add_gpus(
          inventory, [&](const Gpu& gpu) { return gpu.index == wanted.first && has_mig(gpu); },
          gpus);
      break;
    case DeviceName::Kind::mig_uuid:
      add_gpus(inventory, has_mig, gpus);
      break;
    case DeviceName::Kind::gpu_uuid:
    case DeviceName::Kind::mig_path:
      add_possible_owners(inventory, wanted.uuid, gpus);
      break;
    case DeviceName::Kind::index:
    case DeviceName::Kind::address:
    case DeviceName::Kind::unknown:
      break;
  }
  return gpus;
}

// MIG devices with graphics came with this architecture.
bool may_have_graphics(const Gpu& gpu) {
  constexpr unsigned first = 12;
  return parse_number<unsigned>(split(gpu.architecture, '.').front()).value_or(first) >= first;
}

class Asker {
 public:
  Asker(const Inventory& inventory, const Request& request)
      : inventory_(inventory), request_(request) {}

  NvmlQuestion run() {
    for (const std::string& name : request_.devices) {
      for (const size_t gpu : gpus_behind(inventory_, name)) add(gpu);
    }
    Request told = without_names_for_nvml(inventory_, request_);
    told.imex_channels.clear();
    auto selection = select(inventory_, told);
    if (!selection) return question_;
    selection_ = std::move(selection).value();
    look_at(selection_);
    return question_;
  }

  // What the names mean that can be told without NVML.
  const Selection& selection() const { return selection_; }

 private:
  void add(size_t gpu) {
    std::vector<size_t>& gpus = question_.gpus;
    if (std::ranges::find(gpus, gpu) == gpus.end()) gpus.push_back(gpu);
  }

  void look_at(const Selection& selection) {
    std::vector<size_t> candidates = question_.gpus;
    const std::vector<size_t> selected = gpus_of(selection);
    candidates.insert(candidates.end(), selected.begin(), selected.end());
    for (const size_t gpu : candidates) look_at_requirements(inventory_.gpus[gpu], gpu);
    question_.cuda =
        question_.cuda ||
        (candidates.empty() && are_undecided(request_.requirements, facts_about(inventory_)));
    if (!intersects(request_.capabilities, graphical)) return;
    for (const auto& [gpu, mig] : selection.migs) {
      if (may_have_graphics(inventory_.gpus[gpu])) add(gpu);
    }
  }

  // The CUDA version is told without waking a GPU.
  void look_at_requirements(const Gpu& gpu, size_t position) {
    if (!are_undecided(request_.requirements, facts_about(inventory_, gpu))) return;
    question_.cuda = question_.cuda || inventory_.driver.cuda_version.empty();
    if (!are_about_devices(request_.requirements)) return;
    if (gpu.brand.empty() || gpu.architecture.empty()) add(position);
  }

  const Inventory& inventory_;
  const Request& request_;
  NvmlQuestion question_{};
  Selection selection_{};
};

bool names_by(const CdiOptions& options, CdiNaming naming) {
  return std::ranges::find(options.naming, naming) != options.naming.end();
}

}  // namespace

Request without_names_for_nvml(const Inventory& inventory, Request request) {
  std::erase_if(request.devices,
                [&](const std::string& name) { return !gpus_behind(inventory, name).empty(); });
  return request;
}

bool may_name_mig(std::string_view name) {
  const DeviceName::Kind kind = parse_device_name(name).kind;
  return kind == DeviceName::Kind::mig_index || kind == DeviceName::Kind::mig_uuid ||
         kind == DeviceName::Kind::mig_path;
}

NvmlQuestion nvml_question(const Inventory& inventory, const Request& request) {
  return Asker(inventory, request).run();
}

NvmlQuestion nvml_question(const Inventory& inventory, const CdiOptions& options) {
  const Request request = request_of(options);
  Asker asker(inventory, request);
  NvmlQuestion question = asker.run();
  const Selection& selection = asker.selection();
  const auto is_needed = [&](const Gpu& gpu) {
    const size_t position = static_cast<size_t>(&gpu - inventory.gpus.data());
    const auto is_it = [&](const Selection::MigDevice& mig) { return mig.gpu == position; };
    if (std::ranges::any_of(selection.migs, is_it)) return true;
    if (std::ranges::find(selection.gpus, position) == selection.gpus.end()) return false;
    // The only GPU of a Tegra goes by its number, as the peer has it.
    const bool needs_uuid = !gpu.bus_id.empty() || inventory.gpus.size() > 1;
    return options.coherence ||
           (needs_uuid && !has_known_uuid(gpu) && names_by(options, CdiNaming::uuid));
  };
  add_gpus(inventory, is_needed, question.gpus);
  // For compatibility libraries, with a release of L4T that the tables do not know.
  const driver::Driver& driver = inventory.driver;
  question.cuda = question.cuda || (driver.kind == driver::DriverKind::tegra &&
                                    driver.cuda_version.empty() && !driver.version.empty());
  return question;
}

std::string why_unknown(const Inventory& inventory, const Gpu& gpu) {
  if (gpu.unanswered) return *gpu.unanswered;
  return inventory.unanswered.value_or("it was not asked");
}

NvmlQuestion nvml_question_about_all(const Inventory& inventory) {
  NvmlQuestion question = {.cuda = inventory.driver.cuda_version.empty()};
  const auto has_gap = [](const Gpu& gpu) {
    return gpu.brand.empty() || gpu.architecture.empty() || !has_known_uuid(gpu) || has_mig(gpu);
  };
  add_gpus(inventory, has_gap, question.gpus);
  return question;
}

}  // namespace nvbox::plan
