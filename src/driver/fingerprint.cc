#include "driver/fingerprint.h"

#include "base/hash.h"
#include "base/text.h"
#include "driver/context.h"
#include "driver/gpus.h"
#include "driver/kernel_module.h"
#include "driver/platform.h"

namespace nvbox::driver {
namespace {

class Digest {
 public:
  // Every text ends, so that "ab", "c" and "a", "bc" differ.
  void add(const std::string& text) { hash_.add({text.c_str(), text.size() + 1}); }

  std::string text() const { return hexadecimal(hash_.value(), 16); }

 private:
  Fnv1a hash_{};
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
  const VersionText told = read_version_file(roots.host);
  inventory.driver.kind = platform_of(roots, told);
  if (!is_usual(inventory.driver.kind)) return inventory;
  inventory.driver = NVBOX_TRY(read_driver(context, told));
  inventory.gpus = find_gpus(context);
  return inventory;
}

}  // namespace nvbox::driver
