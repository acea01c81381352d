// The directories that commands of nvidia-ctk look below, opened.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "driver/discover.h"
#include "host/root.h"

namespace nvbox::applets {

class OpenRoots {
 public:
  // "" is "/" for the driver root, and the driver root for the dev root.
  static Result<OpenRoots> open(const std::string& driver_root, const std::string& dev_root = {});

  const host::Root& host() const { return host_; }
  const host::Root& driver() const { return driver_; }
  const host::Root& dev() const { return dev_; }
  driver::Roots roots() const { return {host_, driver_, dev_}; }

 private:
  OpenRoots(host::Root host, host::Root driver, host::Root dev)
      : host_(std::move(host)), driver_(std::move(driver)), dev_(std::move(dev)) {}

  host::Root host_;
  host::Root driver_;
  host::Root dev_;
};

}  // namespace nvbox::applets
