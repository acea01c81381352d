// The commands of nvidia-ctk system, and what they decide.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command_tree.h"
#include "driver/expected_nodes.h"
#include "driver/inventory.h"
#include "host/ld_cache.h"
#include "machine/place.h"

namespace nvbox::applets::ctk_system {

Result<int> run_create_device_nodes(const Invocation& invocation);
Result<int> run_create_dev_char_symlinks(const Invocation& invocation);
Result<int> run_print_ldcache(const Invocation& invocation);

// Whether a command only tells what it would do.
enum class DryRun { no, yes };

// Loads nvidia, nvidia-uvm and nvidia-modeset; the first failure ends it.
Result<> load_modules(const machine::Place& place, DryRun dry_run, const Log& log);

// Makes the nodes that are missing or wrong below the dev root.
Result<> make_nodes(const machine::Place& place, std::span<const driver::ExpectedNode> nodes,
                    DryRun dry_run, const Log& log);

struct ControlNodes {
  std::vector<driver::ExpectedNode> nodes{};
  std::vector<std::string_view> missing_modules{};  // those without which nodes have no number
};

// The nodes of no particular GPU: nvidiactl, nvidia-modeset, nvidia-uvm, nvidia-uvm-tools. That of
// nvidia-modeset has the number that the module nvidia gave it, whether it is loaded itself or not.
ControlNodes control_nodes(std::span<const driver::ExpectedNode> expected);

// "mknod -m 0666 /dev/nvidiactl c 195 255"
std::string mknod_command(std::string_view path, const driver::ExpectedNode& node);

// What a link in /dev/char is for.
struct LinkedNode {
  std::string path{};  // below the dev root: "/dev/nvidia0"
  unsigned major = 0;
  unsigned minor = 0;

  bool operator==(const LinkedNode&) const = default;
};

// The nodes that exist, those that the driver has to serve, and those of every MIG instance that
// its GPUs could have, which are the lines "gpu0/gi7/ci0/access 75" of mig-minors. Each number
// once.
std::vector<LinkedNode> every_node(std::span<const driver::HostDevice> existing,
                                   std::span<const driver::ExpectedNode> expected,
                                   std::string_view mig_minors);

// The libraries of a loader's cache by their size of address, as print-ldcache shows them.
std::string cache_text(const host::LdCache& cache);

}  // namespace nvbox::applets::ctk_system
