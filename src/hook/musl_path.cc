#include "hook/musl_path.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/text.h"
#include "host/container_file.h"
#include "host/root_write.h"

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

// The directories that a text names. Colons separate them as line feeds do.
std::set<std::string_view> directories_in(std::string_view text) {
  std::set<std::string_view> directories;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(":\n"), text.size());
    directories.insert(without_slash(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return directories;
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
                          std::span<const std::string> compat_folders, const Log& log) {
  const auto existing = host::read_container_text(container, file, most_bytes);
  if (!existing) log.warning(cat(existing.error().message(), "; it counts as absent"));
  // An empty one is what a loss of power leaves of a file that was not on the disk yet.
  const bool exists = existing && *existing && !(*existing)->text.empty();
  const std::string before = exists ? (*existing)->text : std::string(built_in_path);
  std::set<std::string_view> known = directories_in(before);
  std::string text;
  for (const std::string& folder : compat_folders) {
    if (known.insert(without_slash(folder)).second) text += cat(folder, "\n");
  }
  text += before;
  for (const std::string& folder : folders) {
    if (!known.insert(without_slash(folder)).second) continue;
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += cat(folder, "\n");
  }
  if (text == before) return {};
  if (exists) return host::write_container_text(container, file, text, (*existing)->status);
  NVBOX_TRY(host::write_container_file(container, file, text));
  return {};
}

}  // namespace nvbox::hook
