#include "plan/check_core.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "base/text.h"

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using driver::CoreFailure;

struct Advice {
  int code;
  std::string_view text;
};

constexpr Advice advices[] = {
    {EACCES, "it has to be readable for who starts containers; SELinux and AppArmor forbid, too"},
    {EIO, "look into the kernel's log (dmesg) for the disk or file system that it is on"},
    {EMFILE, "raise the limit of open files of who starts containers (ulimit -n, LimitNOFILE)"},
    {ENFILE, "the machine has too many files open (sysctl fs.file-max)"},
    {ENOMEM, "the machine is out of memory; start the container again when there is some"},
    {0, "install the driver anew"},
};

std::string_view advice_for(int code) {
  const auto* const row = std::ranges::find(advices, code, &Advice::code);
  return row != std::end(advices) ? row->text : "start the container again when it can be read";
}

std::string who_needs(Capabilities core_of) {
  if (core_of == Capabilities::all) return "every container with a GPU needs it";
  std::vector<std::string> words;
  for (const driver::CapabilityName& row : driver::capability_names) {
    if (intersects(row.capability, core_of)) words.emplace_back(row.word);
  }
  return cat("the driver capability ", join(words, ", "), " is nothing without it");
}

}  // namespace

Result<> check_core(const driver::Inventory& inventory, Capabilities asked) {
  for (const CoreFailure& failure : inventory.core_failures) {
    const bool is_asked =
        failure.core_of == Capabilities::all || intersects(failure.core_of, asked);
    if (!is_asked) continue;
    return Error(cat(failure.name, " cannot be given, and ", who_needs(failure.core_of), ": ",
                     failure.cause))
        .hint(advice_for(failure.code));
  }
  return {};
}

}  // namespace nvbox::plan
