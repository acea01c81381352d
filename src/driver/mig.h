// MIG devices, from /proc/driver/nvidia/capabilities: the instances that exist, and the minors of
// the nodes that permit their use.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/context.h"
#include "driver/discover.h"
#include "driver/inventory.h"

namespace nvbox::driver {

// "DeviceFileMinor: 66" in the text of an access file.
std::optional<unsigned> parse_capability_minor(std::string_view text);

class MigNodes {
 public:
  // What `context` refers to must outlive it.
  explicit MigNodes(const Context& context) : context_(context.with(Problem::Kind::mig_device)) {}

  // The compute instances of the GPU with this minor, by instance numbers.
  std::vector<Mig> of(unsigned gpu_minor);

 private:
  std::optional<HostDevice> node_for(const std::string& folder);
  std::optional<unsigned> major();

  const Context context_;
  std::optional<std::optional<unsigned>> major_;  // of nvidia-caps, once it was looked up
};

// `right` is "config" or "monitor". nullopt when none of the GPUs can do MIG. An error when the
// driver does not offer the right, or has nodes and nobody has made their directory.
Result<std::optional<MigControl>> find_mig_control(const Roots& roots, std::string_view right,
                                                   const std::vector<Gpu>& gpus);

}  // namespace nvbox::driver
