#include "driver/gpus.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "driver/device_nodes.h"
#include "driver/driver_files.h"
#include "driver/mig.h"
#include "driver/pci_address.h"
#include "sys/file.h"

namespace nvbox::driver {
namespace {

// DRM nodes of a GPU, and the links that name them by PCI address.
class DrmNodes {
 public:
  // `context` must outlive it.
  explicit DrmNodes(const Context& context) : context_(context) {}

  // Fills in drm_nodes and drm_links, by bus_id.
  void add_to(Gpu& gpu);

 private:
  void add_link(Gpu& gpu, std::string_view kind);
  std::optional<std::string> link_text(const std::string& name);

  const Context& context_;
  std::optional<sys::Fd> by_path_;  // /dev/dri/by-path, once it was opened
};
constexpr std::string_view by_path = "/dev/dri/by-path";

// "card0" or "renderD128", and not a connector such as "card0-HDMI-A-1".
bool is_node_name(std::string_view name) {
  for (const std::string_view prefix : {"card", "renderD"}) {
    if (name.starts_with(prefix) && parse_number<unsigned>(name.substr(prefix.size()))) return true;
  }
  return false;
}

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

constexpr std::string_view directory = "/proc/driver/nvidia/gpus";

// NV_MAJOR_DEVICE_NUMBER of the open kernel modules (nv-linux.h); the majors of its other devices
// are given out anew at every boot.
constexpr unsigned nvidia_major = 195;

struct Entry {
  PciAddress address;
  std::string name;
};

std::vector<Entry> list_gpus(const Context& context) {
  std::vector<Entry> entries;
  const auto names = context.or_problem(context.roots.host.list(directory));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (const auto address = parse_pci_address(name)) {
      entries.push_back({*address, name});
    } else {
      context.problem(cat(directory, "/", name, ": not a PCI address"));
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& entry) { return entry.address.position(); });
  return entries;
}

Result<Information> read_information(const Context& context, const std::string& file) {
  auto text = NVBOX_TRY(context.roots.host.read(file));
  if (!text) return Error(cat(path::join(context.roots.host.path(), file), " does not exist"));
  Information information = parse_information(*text);
  if (!information.minor && !information.is_excluded) {
    return Error(cat(path::join(context.roots.host.path(), file), " names no device minor"));
  }
  return information;
}

// A node that is another GPU's would hand out the wrong one.
void add_node(const Context& context, Gpu& gpu) {
  auto found = read_node(context, cat("/dev/nvidia", gpu.minor));
  if (!found) {
    gpu.problem = found.error().message();
    return;
  }
  gpu.node = *std::move(found);
  if (!gpu.node || (gpu.node->major == nvidia_major && gpu.node->minor == gpu.minor)) return;
  gpu.problem = cat(gpu.node->path, " is device ", gpu.node->major, ":", gpu.node->minor, ", not ",
                    nvidia_major, ":", gpu.minor);
  gpu.node.reset();
}

}  // namespace

Information parse_information(std::string_view text) {
  Information out;
  for (const std::string_view line : split(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (key == "Model") out.model = value;
    if (key == "GPU UUID") out.uuid = value;
    if (key == "Device Minor") out.minor = parse_number<unsigned>(value);
    if (key == "GPU Excluded") out.is_excluded = value == "Yes";
  }
  return out;
}

std::vector<Gpu> find_gpus(const Context& context) {
  std::vector<Gpu> gpus;
  DrmNodes drm(context);
  MigNodes mig(context);
  for (const Entry& entry : list_gpus(context)) {
    const std::string file = cat(directory, "/", entry.name, "/information");
    const Result<Information> information = read_information(context, file);
    if (information && information->is_excluded) continue;
    Gpu gpu = {.index = static_cast<unsigned>(gpus.size()), .bus_id = to_text(entry.address)};
    if (information) {
      gpu.minor = *information->minor;
      gpu.uuid = information->uuid;
      gpu.model = information->model;
      add_node(context, gpu);
      gpu.mig = mig.of(gpu.minor);
    } else {
      gpu.problem = information.error().message();
    }
    if (context.wants(graphical)) drm.add_to(gpu);
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

}  // namespace nvbox::driver
