#include "machine/place.h"

namespace nvbox::machine {

Result<Place> Place::open(const Directories& directories) {
  const auto& [host_path, driver_path, dev_path, setting, nodes] = directories;
  const std::string_view driver = driver_path.empty() ? host_path : driver_path;
  const std::string_view dev = dev_path.empty() ? driver : dev_path;
  host::Root host_root = NVBOX_TRY(host::Root::open(std::string(host_path), nodes));
  host::Root driver_root = NVBOX_TRY(host::Root::open(std::string(driver), nodes).in(setting));
  host::Root dev_root = NVBOX_TRY(host::Root::open(std::string(dev), nodes).in("dev root"));
  return Place(std::move(host_root), std::move(driver_root), std::move(dev_root));
}

Result<Place> Place::open(const Directories& directories, const host::Environment& environment,
                          unsigned nvml_timeout_s) {
  Place place = NVBOX_TRY(open(directories));
  place.search = driver::search_from(environment);
  place.nvml = nvml::settings_from(environment, nvml_timeout_s);
  return place;
}

}  // namespace nvbox::machine
