#include "nvbox/base/version.h"

#include "version_data.h"

namespace nvbox {

std::string_view version() {
  return NVBOX_VERSION;
}

std::string_view commit() {
  return NVBOX_COMMIT;
}

}  // namespace nvbox
