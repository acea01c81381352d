#include "driver/gpus.h"

#include <algorithm>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "driver/device_nodes.h"
#include "driver/driver_files.h"
#include "driver/drm.h"
#include "driver/mig.h"
#include "driver/pci_address.h"

namespace nvbox::driver {
namespace {

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
