// DRM nodes of a GPU, and the links that name them by PCI address.
#pragma once

#include <optional>

#include "driver/context.h"
#include "driver/inventory.h"
#include "sys/fd.h"

namespace nvbox::driver {

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

}  // namespace nvbox::driver
