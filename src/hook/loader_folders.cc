#include "hook/loader_folders.h"

#include <climits>
#include <string_view>

#include "base/text.h"
#include "host/container_file.h"

namespace nvbox::hook {
namespace {

constexpr size_t most_bytes = size_t{64} * 1024;

}  // namespace

void LoaderFolders::add_file(const host::Root& container, const std::string& file, const Log& log) {
  const auto read = host::read_container_text(container, file, most_bytes);
  if (!read) log.warning(cat(read.error().message(), "; it counts as absent"));
  if (!read || !*read) return;
  for (const std::string_view line : split((*read)->text, '\n')) {
    if (folders_.size() == most_) return;
    if (!line.starts_with('/') || line.size() >= PATH_MAX) continue;
    if (known_.emplace(line).second) folders_.emplace_back(line);
  }
}

}  // namespace nvbox::hook
