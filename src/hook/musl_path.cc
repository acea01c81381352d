#include "hook/musl_path.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "nvbox/base/text.h"
#include "nvbox/host/root_write.h"

namespace nvbox::hook {
namespace {

constexpr std::array architectures = {"x86_64", "aarch64"};
constexpr size_t most_bytes = size_t{64} * 1024;
// What the loader uses when there is no file, and stops using when there is one.
constexpr std::string_view built_in_path = "/lib\n/usr/local/lib\n/usr/lib\n";

std::string_view without_slash(std::string_view directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  return directory;
}

// Colons separate directories as line feeds do.
bool has_directory(std::string_view text, std::string_view directory) {
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> directories = split(line, ':');
    if (std::ranges::find(directories, without_slash(directory), without_slash) !=
        directories.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> musl_path_file(const host::Root& container) {
  for (const std::string_view architecture : architectures) {
    const auto loader = container.stat(cat("/lib/ld-musl-", architecture, ".so.1"));
    if (loader && *loader) return cat("/etc/ld-musl-", architecture, ".path");
  }
  return std::nullopt;
}

Result<> update_musl_path(const host::Root& container, const std::string& file,
                          std::span<const std::string> folders,
                          std::span<const std::string> compat_folders) {
  const auto existing = container.read(file, most_bytes);
  // An empty one is what a loss of power leaves of a file that was not on the disk yet.
  const bool exists = existing && *existing && !(*existing)->empty();
  const std::string before = exists ? **existing : std::string(built_in_path);
  std::string text = before;
  std::string front;
  for (const std::string& folder : compat_folders) {
    if (!has_directory(front, folder) && !has_directory(text, folder)) front += cat(folder, "\n");
  }
  text.insert(0, front);
  for (const std::string& folder : folders) {
    if (has_directory(text, folder)) continue;
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += cat(folder, "\n");
  }
  if (text == before) return {};
  NVBOX_TRY(host::write_container_file(container, file, text));
  return {};
}

}  // namespace nvbox::hook
