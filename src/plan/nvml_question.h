// What of a host only NVML can tell that a request depends on. Pure: nobody is asked here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "driver/inventory.h"
#include "plan/cdi_spec_for.h"
#include "plan/request.h"

namespace nvbox::plan {

// What to ask. Nothing is the usual answer.
struct NvmlQuestion {
  std::vector<size_t> gpus{};  // positions in the inventory, each once
  bool cuda = false;           // the CUDA version that the driver serves

  bool is_empty() const { return gpus.empty() && !cuda; }
  bool operator==(const NvmlQuestion&) const = default;
};

// GPUs with MIG devices that are asked for by number or UUID; GPUs without a known UUID where one
// is asked for that no other has; GPUs, and the CUDA version, on whose unknown properties a
// requirement hangs; and MIG devices that may have graphics where that is asked for.
//
// Requirements and graphics count for an inventory that was discovered with Need::facts.
NvmlQuestion nvml_question(const driver::Inventory& inventory, const Request& request);

// The request without the names that only NVML can tell.
Request without_names_for_nvml(const driver::Inventory& inventory, Request request);

// Whether the name has the form of one of a MIG device.
bool may_name_mig(std::string_view name);

// What cdi_spec_of_gpus needs to name MIG devices and GPUs, and to tell coherent GPUs from others.
NvmlQuestion nvml_question(const driver::Inventory& inventory, const CdiOptions& options);

// Everything of the usable GPUs and the driver that is not known: for those who show it all. With
// MIG devices that have no number yet, too.
NvmlQuestion nvml_question_about_all(const driver::Inventory& inventory);

// Why what only NVML knows of the GPU is not known, for messages.
std::string why_unknown(const driver::Inventory& inventory, const driver::Gpu& gpu);

}  // namespace nvbox::plan
