#include "libnvidia_container/changes.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <functional>
#include <set>
#include <span>

#include "base/path.h"
#include "base/text.h"
#include "driver/mig.h"
#include "driver/pci_address.h"
#include "machine/survey.h"
#include "plan/edits_for.h"
#include "plan/parts.h"
#include "sys/process.h"

namespace nvbox::libnvidia_container {
namespace {

using driver::Inventory;

apply::ConfigureRequest request_for(const nvc_container& container) {
  const ContainerOptions& options = container.options;
  apply::ConfigureRequest request;
  request.pid = options.supervised ? container.pid : 0;
  request.rootfs = container.rootfs;
  request.mknod_devices = options.no_devbind;
  request.cgroups = !options.no_cgroups;
  request.compat = options.compat.value_or(apply::CompatMode::mount);
  request.proc = apply::ProcView::extended;
  request.leave_loader_cache = true;
  return request;
}

using Fill = std::function<Result<>(apply::ConfigureRequest& request)>;

// What is said by configure begins with NVIDIA's class, which callers of the library put there.
Error without_class(const Error& error) {
  std::string text = error.full_message();
  for (const std::string_view name : apply::error_classes) {
    if (text.starts_with(name)) return Error(text.substr(name.size()));
  }
  return Error(std::move(text));
}

Result<> change(const Session& session, const nvc_container& container, const Fill& fill) {
  return sys::in_child([&]() -> Result<> {
    apply::ConfigureRequest request = request_for(container);
    NVBOX_TRY(fill(request));
    const Result<> done = apply::configure(session.place.host(), request, session.log);
    if (!done) return without_class(done.error());
    return {};
  });
}

plan::Parts parts_of(const Inventory& inventory, const nvc_container& container) {
  return {inventory, {.capabilities = plan::with_implied(container.options.capabilities)}};
}

Result<Inventory> devices_of(const Session& session, const nvc_container& container) {
  return machine::discover(
      session.place,
      {.files = plan::with_implied(container.options.capabilities), .only_nodes = true});
}

// Paths as nvc_driver_info has them: those of a container, which mostly are the host's.
class Named {
 public:
  Named(char* const* list, size_t count) : paths_(list, list + count) {}

  bool has(const driver::HostFile& file) const {
    return paths_.contains(file.path) || paths_.contains(file.container_path);
  }
  bool has(const driver::Library& library) const { return paths_.contains(library.path); }

 private:
  std::set<std::string_view> paths_;
};

// What the caller has left of what the driver has.
void keep_named(const nvc_driver_info& info, Inventory& inventory) {
  const Named libraries(info.libs, info.nlibs);
  const Named libraries_32(info.libs32, info.nlibs32);
  std::erase_if(inventory.libraries, [&](const driver::Library& library) {
    return !(library.is_32_bit ? libraries_32 : libraries).has(library);
  });
  const Named programs(info.bins, info.nbins);
  const Named ipcs(info.ipcs, info.nipcs);
  const Named firmware(info.firmwares, info.nfirmwares);
  std::erase_if(inventory.files, [&](const driver::HostFile& file) {
    switch (file.kind) {
      case driver::FileKind::binary:
        return !programs.has(file);
      case driver::FileKind::firmware:
        return !firmware.has(file);
      case driver::FileKind::socket:
      case driver::FileKind::directory:
        return !ipcs.has(file);
      case driver::FileKind::data:
        break;
    }
    return false;
  });
  std::erase_if(inventory.control, [&](const driver::HostDevice& node) {
    return std::ranges::none_of(
        std::span(info.devs, info.ndevs),
        [&](const nvc_device_node& named) { return node.path == named.path; });
  });
}

Result<Inventory> files_of(const Session& session, const nvc_container& container) {
  return machine::discover(session.place,
                           {.gpus = false,
                            .files = plan::with_implied(container.options.capabilities),
                            .exchangeable = true});
}

void take_plan(const Inventory& inventory, const nvc_container& container,
               apply::ConfigureRequest& request) {
  plan::ContainerPlan plan =
      plan::plan_for(inventory, {}, container.options.capabilities, config::Config());
  request.edits = std::move(plan.edits);
  request.work = std::move(plan.work);
  request.host_driver_version = inventory.driver.version;
}

Result<const driver::Gpu*> gpu_of(const Inventory& inventory, const nvc_device& device) {
  const std::string_view bus_id = device.busid == nullptr ? "" : device.busid;
  const auto found = std::ranges::find_if(inventory.gpus, [&](const driver::Gpu& gpu) {
    return driver::bus_location(gpu.bus_id) == bus_id;
  });
  if (found == inventory.gpus.end() || !found->node) {
    return Error(cat("invalid device: ", printable(bus_id), ": this host has no such GPU"));
  }
  return &*found;
}

void take_part(plan::DevicePart part, apply::ConfigureRequest& request) {
  request.edits = std::move(part.edits);
  request.work.links = std::move(part.links);
}

std::vector<driver::HostDevice> nodes_of(const driver::Mig& mig) {
  std::vector<driver::HostDevice> nodes;
  for (const auto& node : {mig.gpu_instance_node, mig.compute_instance_node}) {
    if (node) nodes.push_back(*node);
  }
  return nodes;
}

Result<driver::MigControl> control_of(const Session& session, const Inventory& inventory,
                                      std::string_view right) {
  auto control = NVBOX_TRY(driver::find_mig_control(session.place.roots(), right, inventory.gpus));
  if (!control) return Error("none of the GPUs can do MIG");
  return *std::move(control);
}

}  // namespace

Result<> mount_driver(const Session& session, const nvc_container& container,
                      const nvc_driver_info& info) {
  return change(session, container, [&](apply::ConfigureRequest& request) -> Result<> {
    Inventory inventory = NVBOX_TRY(files_of(session, container));
    keep_named(info, inventory);
    take_plan(inventory, container, request);
    request.proc = apply::ProcView::shadowed;
    return {};
  });
}

Result<> mount_device(const Session& session, const nvc_container& container,
                      const nvc_device& device) {
  return change(session, container, [&](apply::ConfigureRequest& request) -> Result<> {
    const Inventory inventory = NVBOX_TRY(devices_of(session, container));
    const driver::Gpu* const gpu = NVBOX_TRY(gpu_of(inventory, device));
    take_part(parts_of(inventory, container).of(*gpu), request);
    request.visible_bus_ids = {gpu->bus_id};
    return {};
  });
}

Result<> mount_mig_device(const Session& session, const nvc_container& container,
                          const nvc_mig_device& device) {
  return change(session, container, [&](apply::ConfigureRequest& request) -> Result<> {
    const Inventory inventory = NVBOX_TRY(devices_of(session, container));
    const driver::Gpu* const gpu = NVBOX_TRY(gpu_of(inventory, *device.parent));
    const auto mig = std::ranges::find_if(gpu->mig, [&](const driver::Mig& one) {
      return one.gpu_instance == device.gi && one.compute_instance == device.ci;
    });
    if (mig == gpu->mig.end() || !has_its_nodes(*mig)) {
      return Error(cat("MIG device ", device.gi, "/", device.ci, " of GPU ", gpu->bus_id,
                       " is gone, or has no nodes"));
    }
    take_part(parts_of(inventory, container).of(nodes_of(*mig)), request);
    for (const std::string& folder : driver::instance_folders(gpu->minor, *mig)) {
      request.visible_capabilities.push_back(folder + "/access");
    }
    return {};
  });
}

Result<> mount_mig_right(const Session& session, const nvc_container& container,
                         std::string_view right) {
  return change(session, container, [&](apply::ConfigureRequest& request) -> Result<> {
    const Inventory inventory = NVBOX_TRY(devices_of(session, container));
    const driver::MigControl control = NVBOX_TRY(control_of(session, inventory, right));
    if (control.node) take_part(parts_of(inventory, container).of({*control.node}), request);
    request.visible_capabilities = {cat("mig/", right)};
    return {};
  });
}

Result<> mount_mig_of_device(const Session& session, const nvc_container& container,
                             const nvc_device& device) {
  return change(session, container, [&](apply::ConfigureRequest& request) -> Result<> {
    const Inventory inventory = NVBOX_TRY(devices_of(session, container));
    const driver::Gpu* const gpu = NVBOX_TRY(gpu_of(inventory, device));
    const driver::MigControl control = NVBOX_TRY(control_of(session, inventory, "config"));
    for (const driver::MigControl::OfGpu& of_gpu : control.gpus) {
      if (of_gpu.minor != gpu->minor) continue;
      for (const driver::HostDevice& node : of_gpu.nodes) {
        request.edits.allowed.push_back({node.major, node.minor});
      }
    }
    request.visible_capabilities = {driver::mig_folder(gpu->minor)};
    return {};
  });
}

Result<> mount_imex_channel(const Session& session, const nvc_container& container, int channel) {
  return change(session, container, [&](apply::ConfigureRequest& request) -> Result<> {
    const Inventory inventory = NVBOX_TRY(machine::discover(
        session.place,
        {.gpus = false, .imex_channels = true, .files = driver::Capabilities::none}));
    const auto found = std::ranges::find_if(
        inventory.imex_channels,
        [&](const driver::HostDevice& node) { return std::cmp_equal(node.minor, channel); });
    if (found == inventory.imex_channels.end()) {
      return Error(cat("stat failed: /dev/nvidia-caps-imex-channels/channel", channel), ENOENT);
    }
    take_part(parts_of(inventory, container).of({*found}), request);
    return {};
  });
}

Result<> update_loader_cache(const Session& session, const nvc_container& container) {
  return change(session, container, [&](apply::ConfigureRequest& request) -> Result<> {
    const Inventory inventory = NVBOX_TRY(files_of(session, container));
    take_plan(inventory, container, request);
    request.leave_loader_cache = false;
    request.only_loader_cache = true;
    return {};
  });
}

}  // namespace nvbox::libnvidia_container
