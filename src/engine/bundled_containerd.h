// Distributions of Kubernetes that bring a containerd of their own, with files in other places.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/root.h"

namespace nvbox::engine {

struct BundledContainerd {
  std::string_view name;               // "k3s"
  std::string config;                  // what it reads, or makes its configuration from
  std::optional<std::string> drop_in;  // nullopt: config itself is what is to be changed
};

// The first of k3s, RKE2 and MicroK8s that has been started on this host. An error, with what to do
// instead, for versions that make their configuration anew and import nothing into it.
Result<std::optional<BundledContainerd>> find_bundled_containerd(const host::Root& host);

// Which of them a file belongs to that it makes anew at each start, so that changes are lost.
std::optional<std::string_view> maker_of(std::string_view path);

// Whether the file is for another containerd than the one in PATH.
bool is_bundled(std::string_view path);

}  // namespace nvbox::engine
