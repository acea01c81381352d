// The directories of a machine that GPUs are looked for in, opened once, and how that is to be
// done. On a host "/" is one of them; a test gives a fixture.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "driver/discover.h"
#include "host/environment.h"
#include "host/root.h"
#include "nvml/ask.h"
#include "sys/capabilities.h"

namespace nvbox::machine {

struct Directories {
  std::string_view host;      // the root directory of the host
  std::string_view driver{};  // what the driver is installed in; empty is the host's
  std::string_view dev{};     // below which /dev has the nodes; empty is the driver's
  std::string_view driver_setting = "driver root";  // what names the driver's, for errors
  host::Nodes nodes = host::Nodes::real;
};

// What is raised for as long as it is needed, by a process that gave up having it all the time.
struct Rights {
  sys::CapSet looks{};
  sys::CapSet makes{};
};

class Place {
 public:
  static Result<Place> open(const Directories& directories);
  // The same, searched and asked as the environment says (driver::search_from,
  // nvml::settings_from).
  static Result<Place> open(const Directories& directories, const host::Environment& environment,
                            unsigned nvml_timeout_s);

  const host::Root& host() const { return host_; }
  const host::Root& driver() const { return driver_; }
  const host::Root& dev() const { return dev_; }
  driver::Roots roots() const { return {host_, driver_, dev_}; }

  driver::Search search{};
  nvml::AskSettings nvml{};
  Rights rights{};

 private:
  Place(host::Root host, host::Root driver, host::Root dev)
      : host_(std::move(host)), driver_(std::move(driver)), dev_(std::move(dev)) {}

  host::Root host_;
  host::Root driver_;
  host::Root dev_;
};

}  // namespace nvbox::machine
