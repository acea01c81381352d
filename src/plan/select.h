// Request + inventory -> which devices exactly, or a precise error.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/inventory.h"
#include "plan/request.h"

namespace nvbox::plan {

// Positions in the inventory's lists, so that a selection stays plain data.
struct Selection {
  struct MigDevice {
    size_t gpu;
    size_t mig;
    bool operator==(const MigDevice&) const = default;
  };

  std::vector<size_t> gpus{};
  std::vector<MigDevice> migs{};
  std::vector<size_t> imex_channels{};
  // What was left out, and why; for the log.
  std::vector<driver::Problem> notes{};

  bool operator==(const Selection&) const = default;
};

// The GPUs that are given whole or in part, each once.
std::vector<size_t> gpus_of(const Selection& selection);

// Names understood in a list, each case-insensitively:
//   3               index (PCI order, NVML's)
//   2-5             range of indices
//   GPU-5f2...      UUID, or a prefix of it that fits one GPU only
//   0000:3b:00.0    PCI address, with a domain of four or eight digits or none
//   MIG-GPU-UUID/GI/CI    MIG device by its instances
//   0:3             MIG device 3 of GPU 0, by NVML's numbers
//   MIG-5f2...      MIG device by UUID, or a prefix of it that fits one only
// The last two are known once NVML was asked (plan/nvml_question.h). A GPU that cannot be used is
// an error when it is asked for by name and a note for "all". "all" is every GPU without MIG
// instances, those that only drive a screen left out, and every MIG device.
//
// Grammar::command_line is as nvidia-container-cli has it where that differs: "all" is every GPU,
// those with MIG instances too, and every MIG device; a MIG device comes with its GPU; an address
// is three hexadecimal numbers, whatever follows them. Nothing that can be used of "all" is no
// error, and a host without GPUs has nothing to select from, so nothing is wrong with any list
// there. Errors are of its class "device error", and what cannot be found is "X: unknown device".
// IMEX channels are the caller's.
Result<Selection> select(const driver::Inventory& inventory, const Request& request);

// Why the GPU, or the MIG device of it, cannot be given to a container, if so: "all" leaves it out,
// and its name is refused.
std::optional<std::string> obstacle(const driver::Gpu& gpu);
std::optional<std::string> obstacle(const driver::Gpu& gpu, const driver::Mig& mig);

// Why a number of GPUs cannot be had, if the names are one that is greater than the host's: docker
// run --gpus 9 becomes the devices 0,1,2,3,4,5,6,7,8 (moby, daemon/nvidia_linux.go).
std::optional<std::string> too_many(const driver::Inventory& inventory,
                                    std::span<const std::string> names);

}  // namespace nvbox::plan
