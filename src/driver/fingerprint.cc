#include "nvbox/driver/fingerprint.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "driver/context.h"
#include "driver/device_nodes.h"
#include "driver/gpus.h"
#include "driver/kernel_module.h"
#include "nvbox/base/text.h"

namespace nvbox::driver {
namespace {

// FNV-1a: nothing here is secret, and equal hosts need equal answers.
class Digest {
 public:
  // Every text ends, so that "ab", "c" and "a", "bc" differ.
  void add(std::string_view text) {
    for (const char character : text) add_byte(static_cast<unsigned char>(character));
    add_byte(0);
  }

  void add(const HostDevice& node) {
    add(cat(node.path, " ", node.major, ":", node.minor, " ", node.mode, " ", node.gid));
  }

  void add(const std::optional<HostDevice>& node) {
    if (node) {
      add(*node);
    } else {
      add("none");
    }
  }

  void add(const std::vector<HostDevice>& nodes) {
    for (const HostDevice& node : nodes) add(node);
    add("");
  }

  std::string text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += digits[(state_ >> shift) & 15];
    return out;
  }

 private:
  void add_byte(unsigned char byte) {
    constexpr std::uint64_t prime = 0x100000001b3;
    state_ = (state_ ^ byte) * prime;
  }

  std::uint64_t state_ = 0xcbf29ce484222325;
};

void add_gpu(Digest& digest, const Gpu& gpu) {
  digest.add(cat(gpu.uuid, " ", gpu.bus_id, " ", gpu.minor));
  digest.add(gpu.node);
  digest.add(gpu.drm_nodes);
  for (const Mig& mig : gpu.mig) {
    digest.add(cat(mig.gpu_instance, "/", mig.compute_instance, " ", mig.inode));
    digest.add(mig.gpu_instance_node);
    digest.add(mig.compute_instance_node);
  }
}

}  // namespace

Fingerprint fingerprint_of(const Inventory& inventory) {
  Digest digest;
  for (const Gpu& gpu : inventory.gpus) add_gpu(digest, gpu);
  digest.add(inventory.control);
  digest.add(inventory.imex_channels);
  return {.driver_version = inventory.driver.version, .devices = digest.text()};
}

Result<Fingerprint> take_fingerprint(const Roots& roots) {
  Inventory inventory;
  const Search search;
  const Need need = {.imex_channels = true};
  const Context context = {roots, search, need, inventory.problems};
  inventory.driver = NVBOX_TRY(read_driver(context));
  inventory.gpus = find_gpus(context);
  inventory.control = control_nodes(context);
  inventory.imex_channels = imex_channels(context);
  return fingerprint_of(inventory);
}

}  // namespace nvbox::driver
