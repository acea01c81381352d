#include "nvidia_ctk/roots.h"

namespace nvbox::applets {

Result<OpenRoots> OpenRoots::open(const std::string& driver_root, const std::string& dev_root) {
  const std::string driver_path = driver_root.empty() ? "/" : driver_root;
  host::Root host = NVBOX_TRY(host::Root::open("/"));
  host::Root driver = NVBOX_TRY(host::Root::open(driver_path).in("driver root"));
  host::Root dev =
      NVBOX_TRY(host::Root::open(dev_root.empty() ? driver_path : dev_root).in("dev root"));
  return OpenRoots(std::move(host), std::move(driver), std::move(dev));
}

}  // namespace nvbox::applets
