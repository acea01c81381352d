#include "libnvidia_container/info.h"

#include <sys/sysmacros.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <algorithm>
#include <span>

#include "base/path.h"
#include "base/text.h"
#include "driver/mig.h"
#include "driver/pci_address.h"
#include "machine/survey.h"
#include "plan/list_files.h"
#include "plan/nvml_question.h"

namespace nvbox::libnvidia_container {
namespace {

// C's memory, which the caller may hold for longer than this library is at work. Whoever has none
// left is ended by the library of C++ as everywhere else.
char* copy(const std::string& text) {
  return strdup(text.c_str());
}

template <typename Type>
Type* zeroed(size_t count) {
  return count == 0 ? nullptr : static_cast<Type*>(std::calloc(count, sizeof(Type)));
}

void put(const std::vector<std::string>& from, char**& list, size_t& count) {
  list = zeroed<char*>(from.size());
  count = from.size();
  for (size_t i = 0; i < from.size(); ++i) list[i] = copy(from[i]);
}

nvc_device_node node_of(const driver::HostDevice& device) {
  return {copy(device.path), makedev(device.major, device.minor)};
}

// Those of the driver that are left.
std::vector<driver::HostDevice> control_nodes(const driver::Inventory& inventory,
                                              const DriverOptions& options) {
  std::vector<driver::HostDevice> nodes = inventory.control;
  std::erase_if(nodes, [&](const driver::HostDevice& node) {
    return (options.no_uvm && node.path.starts_with("/dev/nvidia-uvm")) ||
           (options.no_modeset && node.path == "/dev/nvidia-modeset");
  });
  return nodes;
}

plan::Listing files_of(const driver::Inventory& inventory, const DriverOptions& options) {
  const plan::ListParts parts = {.binaries = true,
                                 .libraries = true,
                                 .libraries_32 = true,
                                 .ipcs = true,
                                 .firmwares = !options.no_gsp_firmware,
                                 .no_persistenced = options.no_persistenced,
                                 .no_fabricmanager = options.no_fabricmanager};
  plan::Listing listing = plan::list_files(inventory, {}, {}, parts);
  // The one that is a directory is the multi-process service's.
  if (options.no_mps) {
    std::erase_if(listing.ipcs, [&](const std::string& path) {
      return std::ranges::any_of(inventory.files, [&](const driver::HostFile& file) {
        return file.kind == driver::FileKind::directory && file.path == path;
      });
    });
  }
  return listing;
}

std::string folder_of(const driver::Gpu& gpu) {
  return path::join(driver::capabilities_directory, driver::mig_folder(gpu.minor));
}

nvc_mig_device mig_device(const driver::Gpu& gpu, const driver::Mig& mig, nvc_device* parent) {
  const auto [gpu_folder, compute_folder] = driver::instance_folders(gpu.minor, mig);
  return {
      .parent = parent,
      .uuid = copy(mig.uuid),
      .gi = mig.gpu_instance,
      .ci = mig.compute_instance,
      .gi_caps_path = copy(cat(driver::capabilities_directory, "/", gpu_folder, "/access")),
      .ci_caps_path = copy(cat(driver::capabilities_directory, "/", compute_folder, "/access"))};
}

// In NVML's order, as far as it is known.
std::vector<driver::Mig> in_order(std::vector<driver::Mig> migs) {
  std::ranges::stable_sort(migs, {}, [](const driver::Mig& mig) { return mig.index.value_or(0); });
  return migs;
}

void fill(const driver::Gpu& gpu, bool is_mig_capable, nvc_device& device) {
  device.model = copy(gpu.model);
  device.uuid = copy(has_known_uuid(gpu) ? gpu.uuid : "");
  device.busid = copy(driver::bus_location(gpu.bus_id));
  device.arch = copy(gpu.architecture);
  device.brand = copy(gpu.brand);
  device.node = node_of(*gpu.node);
  device.mig_capable = is_mig_capable;
  if (!is_mig_capable) return;
  device.mig_caps_path = copy(folder_of(gpu));
  const std::vector<driver::Mig> migs = in_order(gpu.mig);
  device.mig_devices = {zeroed<nvc_mig_device>(migs.size()), migs.size()};
  for (size_t i = 0; i < migs.size(); ++i) {
    device.mig_devices.devices[i] = mig_device(gpu, migs[i], &device);
  }
}

void free_list(char** list, size_t count) {
  for (char* const text : std::span(list, count)) std::free(text);
  std::free(list);
}

void free_mig_devices(const nvc_mig_device_info& info) {
  for (const nvc_mig_device& mig : std::span(info.devices, info.ndevices)) {
    std::free(mig.uuid);
    std::free(mig.gi_caps_path);
    std::free(mig.ci_caps_path);
  }
  std::free(info.devices);
}

}  // namespace

Result<nvc_driver_info*> driver_info(const Session& session, const DriverOptions& options) {
  driver::Inventory inventory = NVBOX_TRY(
      machine::discover(session.place, {.gpus = false, .facts = true, .exchangeable = true}));
  const plan::Listing files = files_of(inventory, options);
  auto* const info = zeroed<nvc_driver_info>(1);
  info->nvrm_version = copy(inventory.driver.version);
  info->cuda_version = copy(inventory.driver.cuda_version);
  put(files.binaries, info->bins, info->nbins);
  put(files.libraries, info->libs, info->nlibs);
  put(files.libraries_32, info->libs32, info->nlibs32);
  put(files.ipcs, info->ipcs, info->nipcs);
  put(files.firmwares, info->firmwares, info->nfirmwares);
  const std::vector<driver::HostDevice> nodes = control_nodes(inventory, options);
  info->devs = zeroed<nvc_device_node>(nodes.size());
  info->ndevs = nodes.size();
  std::ranges::transform(nodes, info->devs, node_of);
  return info;
}

Result<nvc_device_info*> device_info(const Session& session) {
  driver::Inventory inventory = NVBOX_TRY(machine::discover(
      session.place, {.facts = true, .files = driver::Capabilities::none, .only_nodes = true}));
  NVBOX_TRY(machine::ask_nvml(session.place, plan::nvml_question_about_all(inventory), inventory));
  // A GPU that cannot be used, and one without a node, is none that could be given.
  std::erase_if(inventory.gpus, [&](const driver::Gpu& gpu) {
    if (gpu.problem) session.log.warning(*gpu.problem);
    return gpu.problem || !gpu.node;
  });
  auto* const info = zeroed<nvc_device_info>(1);
  info->ngpus = inventory.gpus.size();
  info->gpus = zeroed<nvc_device>(info->ngpus);
  for (size_t i = 0; i < info->ngpus; ++i) {
    const driver::Gpu& gpu = inventory.gpus[i];
    const auto folder = session.place.host().stat(folder_of(gpu));
    fill(gpu, folder && *folder, info->gpus[i]);
  }
  return info;
}

Result<int> capability_style() {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const auto devices = NVBOX_TRY(host.read("/proc/devices"));
  const std::vector<std::string_view> lines =
      split(devices ? std::string_view(*devices) : std::string_view(), '\n');
  if (std::ranges::any_of(lines, [](auto line) { return line.ends_with(" nvidia-caps"); })) {
    return NVC_NVCAPS_STYLE_DEV;
  }
  const bool has_files = NVBOX_TRY(host.stat(driver::capabilities_directory)).has_value();
  return has_files ? NVC_NVCAPS_STYLE_PROC : NVC_NVCAPS_STYLE_NONE;
}

Result<nvc_device_node> node_of_capability(const Session& session, std::string_view path) {
  const auto failed = [&](int errno_value) {
    return Error(cat("unable to get cap device attributes: ", printable(path)), errno_value);
  };
  const std::string clean = path::clean(path);
  if (!path::is_below(clean, driver::capabilities_directory)) return failed(EINVAL);
  const auto text = session.place.host().read(clean);
  if (!text || !*text) return failed(text ? ENOENT : text.error().code());
  const auto minor = driver::parse_capability_minor(**text);
  if (!minor) return failed(EINVAL);
  const std::string node = path::join(driver::mig_node_directory, cat("nvidia-cap", *minor));
  const auto device = session.place.dev().device(node);
  if (!device || !*device) return failed(device ? ENOENT : device.error().code());
  return nvc_device_node{copy(node), makedev((*device)->major, (*device)->minor)};
}

void free_info(nvc_driver_info* info) {
  if (info == nullptr) return;
  std::free(info->nvrm_version);
  std::free(info->cuda_version);
  free_list(info->bins, info->nbins);
  free_list(info->libs, info->nlibs);
  free_list(info->libs32, info->nlibs32);
  free_list(info->ipcs, info->nipcs);
  free_list(info->firmwares, info->nfirmwares);
  for (const nvc_device_node& node : std::span(info->devs, info->ndevs)) std::free(node.path);
  std::free(info->devs);
  std::free(info);
}

void free_info(nvc_device_info* info) {
  if (info == nullptr) return;
  for (const nvc_device& device : std::span(info->gpus, info->ngpus)) {
    for (char* const text : {device.model, device.uuid, device.busid, device.arch, device.brand,
                             device.node.path, device.mig_caps_path}) {
      std::free(text);
    }
    free_mig_devices(device.mig_devices);
  }
  std::free(info->gpus);
  std::free(info);
}

}  // namespace nvbox::libnvidia_container
