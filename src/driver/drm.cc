#include "driver/drm.h"

#include <fcntl.h>
#include <cerrno>

#include <algorithm>
#include <string>

#include "base/path.h"
#include "base/text.h"
#include "driver/device_nodes.h"
#include "driver/driver_files.h"
#include "sys/file.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view by_path = "/dev/dri/by-path";

// "card0" or "renderD128", and not a connector such as "card0-HDMI-A-1".
bool is_node_name(std::string_view name) {
  for (const std::string_view prefix : {"card", "renderD"}) {
    if (name.starts_with(prefix) && parse_number<unsigned>(name.substr(prefix.size()))) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> DrmNodes::link_text(const std::string& name) {
  if (!by_path_) {
    Result<sys::Fd> opened = context_.roots.dev.open_at(by_path, O_PATH | O_DIRECTORY);
    if (!opened && !host::is_absence(opened.error())) context_.problem(opened.error().message());
    by_path_ = opened ? std::move(opened).value() : sys::Fd();
  }
  if (!*by_path_) return std::nullopt;
  auto text = sys::link_text(by_path_->get(), name);
  if (!text && errno != ENOENT && errno != EINVAL) {
    context_.problem(Error(cat("read link ", by_path, "/", name), errno).message());
  }
  return text;
}

void DrmNodes::add_link(Gpu& gpu, std::string_view kind) {
  const std::string name = cat("pci-", gpu.bus_id, "-", kind);
  auto text = link_text(name);
  if (!text) return;
  const std::string target = text->starts_with('/') ? *text : path::join(by_path, *text);
  const bool is_ours = std::ranges::find(gpu.drm_nodes, path::clean(target), &HostDevice::path) !=
                       gpu.drm_nodes.end();
  if (is_ours) gpu.drm_links.push_back({*std::move(text), path::join(by_path, name), graphical});
}

void DrmNodes::add_to(Gpu& gpu) {
  const std::string folder = cat("/sys/bus/pci/devices/", gpu.bus_id, "/drm");
  const auto names = context_.or_problem(context_.roots.host.list(folder));
  if (!names) return;
  for (const std::string& name : *names) {
    if (!is_node_name(name)) continue;
    gpu.drm_names.push_back(name);
    auto node = find_node(context_, cat("/dev/dri/", name));
    if (node) gpu.drm_nodes.push_back(*std::move(node));
  }
  for (const std::string_view kind : {"card", "render"}) add_link(gpu, kind);
}

}  // namespace nvbox::driver
