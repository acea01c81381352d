#include "plan/list_files.h"

#include <algorithm>
#include <string_view>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::plan {
namespace {

using driver::FileKind;
using driver::HostFile;
using driver::Inventory;
using driver::Library;

constexpr std::string_view library_stems[] = {
    "libnvidia-ml.so",
    "libnvidia-cfg.so",
    "libnvidia-nscq.so",
    "libcuda.so",
    "libcudadebugger.so",
    "libnvidia-opencl.so",
    "libnvidia-gpucomp.so",
    "libnvidia-ptxjitcompiler.so",
    "libnvidia-fatbinaryloader.so",
    "libnvidia-allocator.so",
    "libnvidia-compiler.so",
    "libnvidia-pkcs11.so",
    "libnvidia-pkcs11-openssl3.so",
    "libnvidia-nvvm.so",
    "libnvidia-tileiras.so",
    "libnvidia-ngx.so",
    "libvdpau_nvidia.so",
    "libnvidia-encode.so",
    "libnvidia-opticalflow.so",
    "libnvcuvid.so",
    "libnvidia-eglcore.so",
    "libnvidia-glcore.so",
    "libnvidia-tls.so",
    "libnvidia-glsi.so",
    "libnvidia-fbc.so",
    "libnvidia-ifr.so",
    "libnvidia-rtcore.so",
    "libnvoptix.so",
    "libGLX_nvidia.so",
    "libEGL_nvidia.so",
    "libGLESv2_nvidia.so",
    "libGLESv1_CM_nvidia.so",
    "libnvidia-glvkspirv.so",
    "libnvidia-cbl.so",
};

constexpr std::string_view program_names[] = {
    "nvidia-smi",       "nvidia-debugdump",        "nvidia-persistenced",
    "nv-fabricmanager", "nvidia-cuda-mps-control", "nvidia-cuda-mps-server",
};

bool is_named(const Library& library, std::string_view stem) {
  const std::string_view name = path::base_name(library.path);
  return name.starts_with(stem) && name.substr(stem.size()).starts_with('.');
}

// VDPAU loads its backends by path from a directory that the loader does not search.
bool is_found_by_loader(const Library& library) {
  return path::base_name(path::parent(library.path)) != "vdpau";
}

std::vector<std::string> libraries(const Inventory& inventory, bool of_32_bit) {
  std::vector<std::string> out;
  const bool is_usual = driver::is_usual(inventory.driver.kind);
  if (!is_usual && !of_32_bit) {
    // Everything that containers get.
    for (const Library& library : inventory.libraries) {
      out.push_back(library.container_path.empty() ? library.path : library.container_path);
    }
    return out;
  }
  for (const std::string_view stem : library_stems) {
    const auto found = std::ranges::find_if(inventory.libraries, [&](const Library& library) {
      return library.is_32_bit == of_32_bit && is_named(library, stem) &&
             is_found_by_loader(library);
    });
    if (found != inventory.libraries.end()) out.push_back(found->path);
  }
  return out;
}

std::vector<std::string> binaries(const Inventory& inventory) {
  std::vector<std::string> out;
  if (!driver::is_usual(inventory.driver.kind)) {
    for (const HostFile& file : inventory.files) out.push_back(file.container_path);
    return out;
  }
  for (const std::string_view name : program_names) {
    const auto found = std::ranges::find_if(inventory.files, [&](const HostFile& file) {
      return file.kind == FileKind::binary && path::base_name(file.container_path) == name;
    });
    if (found != inventory.files.end()) out.push_back(found->path);
  }
  return out;
}

std::vector<std::string> ipcs(const Inventory& inventory, const ListParts& parts) {
  std::vector<std::string> out;
  for (const HostFile& file : inventory.files) {
    if (file.kind != FileKind::socket && file.kind != FileKind::directory) continue;
    const std::string_view owner = path::base_name(path::parent(file.container_path));
    if (parts.no_persistenced && owner == "nvidia-persistenced") continue;
    if (parts.no_fabricmanager && owner == "nvidia-fabricmanager") continue;
    out.push_back(file.path);
  }
  return out;
}

std::vector<std::string> firmwares(const Inventory& inventory) {
  std::vector<std::string> out;
  for (const HostFile& file : inventory.files) {
    if (file.kind == FileKind::firmware) out.push_back(file.container_path);
  }
  return out;
}

// nvidiactl and nvidia-modeset have fixed numbers and are listed even before they are made.
std::vector<std::string> control_nodes(const Inventory& inventory) {
  const auto exists = [&](std::string_view path) {
    return std::ranges::find(inventory.control, path, &driver::HostDevice::path) !=
           inventory.control.end();
  };
  std::vector<std::string> out = {"/dev/nvidiactl"};
  for (const std::string_view path : {"/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"}) {
    if (exists(path)) out.emplace_back(path);
  }
  out.emplace_back("/dev/nvidia-modeset");
  return out;
}

void add_mig(const driver::Gpu& gpu, const driver::Mig& mig, std::vector<std::string>& out) {
  for (const std::string& folder : driver::instance_folders(gpu.minor, mig)) {
    out.push_back(cat(driver::capabilities_directory, "/", folder, "/access"));
  }
  if (mig.gpu_instance_node) out.push_back(mig.gpu_instance_node->path);
  if (mig.compute_instance_node) out.push_back(mig.compute_instance_node->path);
}

// Each once: some belong to several GPUs.
std::vector<std::string> nodes_of(const Inventory& inventory, const Selection& selection) {
  std::vector<std::string> out;
  for (const size_t position : selection.gpus) {
    const driver::Gpu& gpu = inventory.gpus[position];
    out.push_back(gpu.node->path);
    for (const driver::HostDevice& node : gpu.more_nodes) out.push_back(node.path);
  }
  keep_first(out);
  return out;
}

std::vector<std::string> devices(const Inventory& inventory, const Selection& selection,
                                 const ListParts& parts) {
  if (!driver::is_usual(inventory.driver.kind)) return nodes_of(inventory, selection);
  std::vector<std::string> out = control_nodes(inventory);
  for (const size_t gpu : selection.gpus) {
    out.push_back(cat("/dev/nvidia", inventory.gpus[gpu].minor));
  }
  if (parts.mig_config || parts.mig_monitor) return out;
  for (const auto& [gpu, mig] : selection.migs) {
    add_mig(inventory.gpus[gpu], inventory.gpus[gpu].mig[mig], out);
  }
  return out;
}

}  // namespace

Listing list_files(const Inventory& inventory, const Selection& selection,
                   const std::vector<unsigned>& channels, const ListParts& parts) {
  Listing out;
  if (parts.devices) out.devices = devices(inventory, selection, parts);
  for (const unsigned channel : channels) {
    out.imex_channels.push_back(cat("/dev/nvidia-caps-imex-channels/channel", channel));
  }
  if (parts.binaries) out.binaries = binaries(inventory);
  if (parts.libraries) out.libraries = libraries(inventory, false);
  if (parts.libraries && parts.libraries_32) out.libraries_32 = libraries(inventory, true);
  if (parts.ipcs) out.ipcs = ipcs(inventory, parts);
  if (parts.firmwares) out.firmwares = firmwares(inventory);
  return out;
}

std::string lines_of(const Listing& listing) {
  std::string out;
  for (const auto* part :
       {&listing.devices, &listing.imex_channels, &listing.mig, &listing.binaries,
        &listing.libraries, &listing.libraries_32, &listing.ipcs, &listing.firmwares}) {
    for (const std::string& path : *part) out += path + "\n";
  }
  return out;
}

}  // namespace nvbox::plan
