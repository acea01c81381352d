#include "base/version.h"

#include "version_data.h"

namespace nvbox {

std::string_view version() {
  return NVBOX_VERSION;
}

std::string_view commit() {
  return NVBOX_COMMIT;
}

std::string_view commit_date() {
  return NVBOX_COMMIT_DATE;
}

}  // namespace nvbox
