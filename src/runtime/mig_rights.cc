#include "runtime/mig_rights.h"

#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "driver/mig_control.h"

namespace nvbox::runtime {
namespace {

struct Right {
  std::string_view name;
  std::string_view list;

  std::string context() const { return cat("mig-", name, " error"); }
};

std::array<Right, 2> rows_of(const MigRights& rights) {
  return {{{"config", rights.config}, {"monitor", rights.monitor}}};
}

// Whether the list gives the right.
Result<bool> gives(const Right& right) {
  for (const std::string_view item : split(right.list, ',')) {
    if (item.empty()) continue;
    if (lower(item) == "all") return true;
    return Error(cat(printable(item), ": only 'all' devices are currently supported"))
        .in(right.context());
  }
  return false;
}

}  // namespace

Result<> check_mig_rights(const MigRights& rights) {
  for (const Right& right : rows_of(rights)) NVBOX_TRY(gives(right));
  return {};
}

Result<> check_mig_rights(const MigRights& rights, const plan::Selection& selection,
                          plan::Ask ask) {
  for (const Right& right : rows_of(rights)) {
    const bool is_given = NVBOX_TRY(gives(right));
    if (!is_given || ask == plan::Ask::all || selection.migs.empty()) continue;
    return Error(cat("cannot enable mig-", right.name, " with specific MIG devices selected"))
        .in(right.context())
        .hint("ask for whole GPUs, or for all");
  }
  return {};
}

Result<std::vector<driver::MigControl>> find_mig_rights(const MigRights& rights,
                                                        const driver::Roots& roots,
                                                        const driver::Inventory& inventory,
                                                        const plan::Selection& selection,
                                                        plan::Ask ask) {
  NVBOX_TRY(check_mig_rights(rights, selection, ask));
  std::vector<driver::Gpu> gpus;
  for (const size_t position : plan::gpus_of(selection)) gpus.push_back(inventory.gpus[position]);
  std::vector<driver::MigControl> controls;
  for (const Right& right : rows_of(rights)) {
    const bool is_given = NVBOX_TRY(gives(right));
    if (!is_given) continue;
    auto control = NVBOX_TRY(driver::find_mig_control(roots, right.name, gpus).in(right.context()));
    if (control) controls.push_back(*std::move(control));
  }
  return controls;
}

}  // namespace nvbox::runtime
