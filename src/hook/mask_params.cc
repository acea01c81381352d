#include "hook/mask_params.h"

#include <fcntl.h>
#include <cerrno>

#include "base/path.h"
#include "base/text.h"
#include "sys/mount.h"

namespace nvbox::hook {
namespace {

constexpr std::string_view params = "/proc/driver/nvidia/params";
// The driver prints some fifty short lines.
constexpr size_t params_limit = size_t{1} << 20;
constexpr mode_t mode = 0444;

constexpr std::string_view allows = "ModifyDeviceFiles: 1";
constexpr std::string_view forbids = "ModifyDeviceFiles: 0";

}  // namespace

std::optional<std::string> masked_params(std::string_view text) {
  std::string out;
  bool is_changed = false;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : split(text, '\n')) {
    if (line == forbids) return std::nullopt;
    is_changed |= line == allows;
    out += cat(line == allows ? forbids : line, '\n');
  }
  return is_changed ? std::optional(std::move(out)) : std::nullopt;
}

Result<> mask_params(const host::Root& host, const host::Root& container) {
  const std::optional<std::string> text = NVBOX_TRY(host.read(params, params_limit));
  const std::optional<std::string> masked = text ? masked_params(*text) : std::nullopt;
  if (!masked) return {};
  Result<sys::Fd> target = container.open_at(params, O_PATH);
  if (!target && host::is_absence(target.error())) return {};
  if (!target) return std::move(target).error();
  const sys::Fd directory =
      NVBOX_TRY(container.open_at(path::parent(params), O_PATH | O_DIRECTORY));
  // Links lead to directories that are better left as they are.
  if (sys::has_detached_mounts() && NVBOX_TRY(container.resolve(params)) == params) {
    return sys::cover_file_in(directory.get(), std::string(path::base_name(params)), *masked, mode);
  }
  return sys::cover_file(target->get(), directory.get(), *masked, mode);
}

}  // namespace nvbox::hook
