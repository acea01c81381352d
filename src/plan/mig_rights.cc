#include "plan/mig_rights.h"

#include <utility>

#include "base/text.h"
#include "plan/request.h"
#include "plan/select.h"

namespace nvbox::plan {
namespace {

Result<bool> is_given(std::string_view right, std::string_view list) {
  for (const std::string_view item : split(list, ',')) {
    if (item.empty()) continue;
    if (lower(item) == "all") return true;
    return Error(cat(printable(item), ": only 'all' devices are currently supported"))
        .in(error_class_of(right));
  }
  return false;
}

}  // namespace

std::string error_class_of(std::string_view right) {
  return cat("mig-", right, " error");
}

Result<std::vector<std::string_view>> given_rights(const MigRights& rights) {
  std::vector<std::string_view> given;
  for (const auto& [right, list] :
       {std::pair<std::string_view, std::string_view>{"config", rights.config},
        {"monitor", rights.monitor}}) {
    if (NVBOX_TRY(is_given(right, list))) given.push_back(right);
  }
  return given;
}

Result<> check_mig_rights(const MigRights& rights, const Selection& selection, Ask ask) {
  for (const std::string_view right : NVBOX_TRY(given_rights(rights))) {
    if (ask == Ask::all || selection.migs.empty()) continue;
    return Error(cat("cannot enable mig-", right, " with specific MIG devices selected"))
        .in(error_class_of(right))
        .hint("ask for whole GPUs, or for all");
  }
  return {};
}

}  // namespace nvbox::plan
