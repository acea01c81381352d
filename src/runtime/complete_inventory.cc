#include "runtime/complete_inventory.h"

#include "base/text.h"
#include "plan/nvml_question.h"

namespace nvbox::runtime {

void ask_nvml(const driver::Roots& roots, const driver::Search& search,
              const plan::Request& request, const driver::NvmlSettings& settings,
              driver::Inventory& inventory, const Log& log) {
  const plan::NvmlQuestion question = plan::nvml_question(inventory, request);
  if (question.is_empty()) return;
  log.debug(cat("NVML is asked about ", question.gpus.size(), " GPUs"));
  driver::ask_nvml(roots, search, settings, question.gpus, inventory);
}

void warn_of_unanswered(const driver::Inventory& inventory, const Log& log) {
  if (inventory.unanswered) log.warning(cat("NVML: ", *inventory.unanswered));
  for (const driver::Gpu& gpu : inventory.gpus) {
    if (gpu.unanswered) log.warning(cat("NVML: GPU ", gpu.index, ": ", *gpu.unanswered));
  }
}

}  // namespace nvbox::runtime
