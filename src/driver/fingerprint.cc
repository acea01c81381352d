#include "driver/fingerprint.h"

#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "driver/context.h"
#include "driver/gpus.h"
#include "driver/kernel_module.h"

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
  digest.add(cat(gpu.bus_id, " ", gpu.minor));
  for (const std::string& name : gpu.drm_names) digest.add(name);
  for (const Mig& mig : gpu.mig) {
    digest.add(cat(mig.gpu_instance, "/", mig.compute_instance, " ", mig.inode));
  }
}

}  // namespace

Fingerprint fingerprint_of(const Inventory& inventory) {
  Digest digest;
  for (const Gpu& gpu : inventory.gpus) add_gpu(digest, gpu);
  return {.driver_version = inventory.driver.version, .devices = digest.text()};
}

Result<Inventory> look_at_devices(const Roots& roots) {
  Inventory inventory;
  const Search search;
  const Need need;
  const Context context = {roots, search, need, inventory.problems, inventory.core_failures};
  inventory.driver = NVBOX_TRY(read_driver(context));
  inventory.gpus = find_gpus(context);
  return inventory;
}

}  // namespace nvbox::driver
