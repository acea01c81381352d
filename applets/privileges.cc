#include "privileges.h"

#include "sys/sandbox.h"

namespace nvbox::applets {
namespace {

constexpr Privileges table[] = {
    privileges::nvbox_hook,
    privileges::update_ldcache,
    privileges::enable_cuda_compat,
    privileges::update_application_profile,
    privileges::create_symlinks,
    privileges::chmod,
    privileges::disable_device_node_modification,
    privileges::noop,
    privileges::runtime_hook,
    privileges::configure,
    privileges::in_container,
    privileges::list,
    privileges::load_kmods,
};

}  // namespace

std::span<const Privileges> all_privileges() {
  return table;
}

sys::CapSet kept_for(const Privileges& row, Extent extent) {
  const sys::CapSet kept =
      extent.device_rules ? row.kept : row.kept.without(apply::only_for_device_rules);
  return extent.modules ? kept | privileges::load_kmods.kept : kept;
}

Result<> give_up_all_but(sys::CapSet kept) {
  NVBOX_TRY(sys::forbid_new_privileges());
  NVBOX_TRY(sys::keep_only(kept));
  return sys::set_effective(privileges::reads & NVBOX_TRY(sys::permitted_capabilities()));
}

Result<> keep_to(Calls calls) {
  switch (calls) {
    case Calls::all:
      return {};
    case Calls::of_hook:
      return sys::keep_to_calls(hook::system_calls());
    case Calls::of_configure:
      return sys::keep_to_calls(apply::system_calls());
  }
  return {};
}

}  // namespace nvbox::applets
