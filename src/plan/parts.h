// What each thing of an inventory gives to a container, before it is known how the container is
// edited: at once when it is created, or by a CDI specification.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "driver/inventory.h"
#include "spec/container_work.h"
#include "spec/edits.h"

namespace nvbox::plan {

struct PartOptions {
  driver::Capabilities capabilities = driver::Capabilities::all;
  // Groups of the nodes that are not open to all, for processes that are not root.
  bool additional_gids = true;
  // Sockets and directories of the driver's daemons.
  bool ipc = true;
};

// What a device gives, or a feature: its nodes and files, and the links beside them.
struct DevicePart {
  spec::ContainerEdits edits{};
  std::vector<spec::Link> links{};

  bool operator==(const DevicePart&) const = default;
};

// What every container gets that has one of the devices.
struct CommonPart {
  spec::ContainerEdits edits{};
  std::vector<spec::Link> graphics_links{};
  std::vector<spec::Link> library_links{};
  std::vector<std::string> library_folders{};

  bool operator==(const CommonPart&) const = default;
};

// How images' CUDA compatibility libraries are chosen: by the driver, or on a Tegra by the CUDA
// version that it serves.
void add_cuda_compat(const driver::Driver& driver, spec::ContainerWork& work);

class Parts {
 public:
  // `inventory` has to live as long.
  Parts(const driver::Inventory& inventory, const PartOptions& options)
      : inventory_(inventory), options_(options) {}

  bool wants(driver::Capabilities serves) const;

  // Of a GPU that has its node, and of a MIG device that has all of its nodes or needs none.
  DevicePart of(const driver::Gpu& gpu) const;
  DevicePart of(const driver::Gpu& gpu, const driver::Mig& mig) const;
  DevicePart of(const driver::Feature& feature) const;
  DevicePart of(const std::vector<driver::HostDevice>& nodes) const;

  CommonPart common() const;

 private:
  spec::DeviceNode node_for(const driver::HostDevice& device) const;
  std::string on_host(std::string_view path) const;
  void add_node(const driver::HostDevice& device, spec::ContainerEdits& edits) const;
  void add_links(const std::vector<driver::HostLink>& links, std::vector<spec::Link>& to) const;
  void add_library(const driver::Library& library, CommonPart& part) const;
  void add_file(const driver::HostFile& file, spec::ContainerEdits& edits) const;

  const driver::Inventory& inventory_;
  PartOptions options_;
};

inline constexpr driver::Capabilities graphical =
    driver::Capabilities::graphics | driver::Capabilities::display;

}  // namespace nvbox::plan
