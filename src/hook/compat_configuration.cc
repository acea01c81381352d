#include "hook/compat_configuration.h"

#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "hook/loader_folders.h"
#include "host/leave_to_change.h"
#include "host/root_write.h"

namespace nvbox::hook {
namespace {

constexpr std::string_view directory = "/etc/ld.so.conf.d";
// NVIDIA's have an identifier between prefix and suffix, and 00-nvcr-... for other folders;
// update_ld_cache's own file begins with 00-nvbox.
constexpr std::string_view prefix = "00-compat";
constexpr std::string_view suffix = ".conf";
constexpr std::string_view own_file = "/etc/ld.so.conf.d/00-compat.conf";

// One for every start of a container whose file system lasts, where NVIDIA's hooks wrote them.
constexpr size_t most_files = 256;
constexpr size_t most_folders = 64;

Result<> configure(const host::Root& container, const std::string& folder) {
  if (folder.empty()) return forget_cuda_compat(container);
  NVBOX_TRY(host::write_container_file(container, own_file, cat(folder, "\n")));
  return {};
}

}  // namespace

Result<> enable_cuda_compat(const host::Root& container, const HostDriver& driver,
                            std::string_view compat_root, const Log& log) {
  const CompatDecision decision = NVBOX_TRY(decide_cuda_compat(container, driver, compat_root));
  tell(decision, log);
  Result<> configured = configure(container, decision.directory);
  if (configured || !host::is_closed_to_changes(configured.error())) return configured;
  log.warning(cat("CUDA compatibility libraries are not enabled: ", configured.error().message()));
  return {};
}

Result<> forget_cuda_compat(const host::Root& container) {
  NVBOX_TRY(host::remove_file(container, own_file));
  return {};
}

std::vector<std::string> enabled_compat_folders(const host::Root& container, const Log& log) {
  LoaderFolders folders(most_folders);
  const auto names = container.list(directory);
  if (!names || !*names) return folders.take();
  size_t files_left = most_files;
  for (const std::string& name : **names) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || files_left == 0) continue;
    --files_left;
    folders.add_file(container, path::join(directory, name), log);
  }
  return folders.take();
}

}  // namespace nvbox::hook
