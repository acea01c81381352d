// What callers of the C library hold: contexts and containers, and the words that they are made
// with.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apply/configure.h"
#include "base/log.h"
#include "base/result.h"
#include "driver/capabilities.h"
#include "machine/place.h"

namespace nvbox::libnvidia_container {

// A context between nvc_init and nvc_shutdown.
struct Session {
  machine::Place place;
  Log log{};
};

// What nvc_container_new was told.
struct ContainerOptions {
  bool supervised = false;
  bool standalone = false;
  bool no_cgroups = false;
  bool no_devbind = false;
  driver::Capabilities capabilities = driver::Capabilities::none;
  std::optional<apply::CompatMode> compat{};
};

struct InitOptions {
  bool load_kmods = false;
  bool no_create_imex_channels = false;
};

// What nvc_driver_info_new is to leave out.
struct DriverOptions {
  bool no_uvm = false;
  bool no_modeset = false;
  bool no_mps = false;
  bool no_persistenced = false;
  bool no_fabricmanager = false;
  bool no_gsp_firmware = false;
  bool no_glvnd = false;
};

// Words with blanks between them, of at most NVC_ARG_MAX - 1 bytes; null is each call's default.
// The errors are those of NVIDIA's library, which its callers print: "invalid option: x", "too many
// options".
Result<InitOptions> init_options(const char* words);
Result<DriverOptions> driver_options(const char* words);
Result<ContainerOptions> container_options(const char* words);

}  // namespace nvbox::libnvidia_container

// The types that the C interface only names.
struct nvc_context {
  std::optional<nvbox::libnvidia_container::Session> session{};
  std::optional<std::string> error{};
};

struct nvc_container {
  pid_t pid = 0;
  std::string rootfs{};
  nvbox::libnvidia_container::ContainerOptions options{};
};
