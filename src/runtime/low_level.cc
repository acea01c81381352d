#include "nvbox/runtime/low_level.h"

#include "nvbox/base/text.h"
#include "nvbox/runtime/programs.h"

namespace nvbox::runtime {
namespace {

std::string_view describe(Program::Kind kind) {
  switch (kind) {
    case Program::Kind::ourselves:
      return "is nvbox itself";
    case Program::Kind::not_executable:
      return "is not an executable file";
    case Program::Kind::usable:
    case Program::Kind::absent:
      return "not found";
  }
  return "";
}

}  // namespace

Result<LowLevel> find_low_level(std::span<const std::string> candidates,
                                std::string_view search_path) {
  const ProgramSearch search(search_path);
  std::vector<std::string> refused;
  std::vector<std::string> notes;
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    const Program found = search.find(candidate);
    if (found.kind == Program::Kind::usable) return LowLevel{found.path, std::move(notes)};
    std::string reason = cat(found.path, " ", describe(found.kind));
    if (found.kind == Program::Kind::ourselves) {
      notes.push_back(cat("low-level runtime ", reason, ", passed over"));
    }
    refused.push_back(std::move(reason));
  }
  return Error(cat("no low-level runtime: ", refused.empty()
                                                 ? "nvidia-container-runtime.runtimes is empty"
                                                 : join(refused, ", ")))
      .hint("install runc or crun, or set nvidia-container-runtime.runtimes in config.toml");
}

}  // namespace nvbox::runtime
