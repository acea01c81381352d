// Inventory -> CDI specification: every device of this host by name, for engines that inject it
// themselves. Nobody knows what the containers will ask for, so each gets every capability but
// compat32, like NVIDIA's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/inventory.h"
#include "plan/request.h"
#include "spec/cdi.h"
#include "spec/container_work.h"
#include "spec/edits.h"

namespace nvbox::plan {

// Without the 32-bit twins, like NVIDIA's toolkit: hardly an image has a use for them.
inline constexpr auto cdi_capabilities =
    static_cast<driver::Capabilities>(static_cast<unsigned>(driver::Capabilities::all) &
                                      ~static_cast<unsigned>(driver::Capabilities::compat32));

// How devices are called; each way adds one more name for every device.
enum class CdiNaming {
  index,       // "0"; MIG "0:1"
  uuid,        // "GPU-..."; MIG "MIG-..."
  type_index,  // "gpu0"; MIG "mig0:1"
};

// "index", "uuid", "type-index"; nullopt for others.
std::optional<CdiNaming> parse_cdi_naming(std::string_view word);

// The hooks that the specification calls: all but chmod, unless they are disabled ("all" disables
// every one), and those that are enabled in any case. One without anything to do is left out.
struct CdiHooks {
  std::string program = "/usr/bin/nvidia-cdi-hook";
  std::vector<std::string> disabled{};
  std::vector<std::string> enabled{};
  std::string ldconfig_path{};  // for update-ldcache, which needs none of its own
  // One call of nvbox's own hook for what every device gets, and one for what each adds.
  // Interpreters of specifications, which run no hooks (Toolbx, LXD), do not know it.
  bool is_one = false;
};

struct CdiOptions {
  std::string kind = "nvidia.com/gpu";
  std::vector<CdiNaming> naming = {CdiNaming::index, CdiNaming::uuid};
  // NVIDIA's ids: all, none, 0, 0:1 (MIG), GPU-..., MIG-..., MIG-GPU-.../GI/CI. The first of
  // "none" and "all" stands for the whole list: "none" is one device of this name without any GPU,
  // "all" every GPU without MIG instances and every MIG device.
  std::vector<std::string> device_ids = {"all"};
  CdiHooks hooks{};
  // One more device, "all", with everything of the others.
  bool all_device = true;
  bool additional_gids = true;
  bool ipc = true;  // sockets and directories of the driver's daemons
  // Leave MIG devices without their nodes, or without NVML's number, out of "all", like broken
  // GPUs, instead of refusing to write a specification that lacks them.
  bool allow_incomplete = false;
  // Besides, the whole GPUs that share the CPU's address space, and those that do not, as devices
  // of two more kinds.
  bool coherence = false;
};

// One more specification that belongs to another.
struct CdiVariant {
  std::string infix{};  // ".coherent", before the extension of the file's name
  spec::CdiSpec spec{};

  bool operator==(const CdiVariant&) const = default;
};

struct CdiOutcome {
  spec::CdiSpec spec{};  // in the lowest version that has what it uses
  // What was left out, and why.
  std::vector<driver::Problem> left_out{};
  std::vector<CdiVariant> variants{};
};

// What the device ids ask for.
Request request_of(const CdiOptions& options);

// GPUs and MIG devices, of an inventory for which NVML was asked what nvml_question says.
Result<CdiOutcome> cdi_spec_of_gpus(const driver::Inventory& inventory, const CdiOptions& options);

// One device, "all", with these nodes: for containers that manage the GPUs of others.
Result<CdiOutcome> cdi_spec_of_management(const driver::Inventory& inventory,
                                          const std::vector<driver::HostDevice>& nodes,
                                          const CdiOptions& options);

// One device, "all", of one of inventory.features; options choose the kind only.
Result<CdiOutcome> cdi_spec_of_feature(const driver::Inventory& inventory, driver::Features feature,
                                       const CdiOptions& options);

// A device for each IMEX channel: device ids are "all", N or channelN.
Result<CdiOutcome> cdi_spec_of_imex(const driver::Inventory& inventory, const CdiOptions& options);

}  // namespace nvbox::plan
