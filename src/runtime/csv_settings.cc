#include "runtime/csv_settings.h"

#include "base/list.h"

namespace nvbox::runtime {

driver::CsvSearch csv_search(const config::Config& config) {
  const config::Config::Runtime& runtime = config.runtime;
  return {.directory = runtime.csv_mount_spec_path,
          .compat_root = runtime.csv_compat_container_root,
          .one_gpu = contains(runtime.jit_feature_flags, "disable-multiple-csv-devices")};
}

driver::DriverKind kind_of_mode(std::string_view mode) {
  return mode == "csv" ? driver::DriverKind::tegra : driver::DriverKind::none;
}

}  // namespace nvbox::runtime
