// What the prestart hook asks of nvidia-container-cli, which is nvbox itself unless config.toml
// names another program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "plan/request.h"

namespace nvbox::runtime {

struct ConfigureTarget {
  std::int64_t pid = 0;
  std::string rootfs{};
  // The hook was called with -debug.
  bool debug_on_standard_error = false;
  // nvidia-container-cli.ldconfig as it is to be passed on; see normal_ldconfig.
  std::string ldconfig{};
};

// The arguments without the program's name, in the order of the peer's hook. The request's names
// are native (plan/native_names.h).
std::vector<std::string> configure_arguments(const plan::Request& request,
                                             const config::Config& config,
                                             const ConfigureTarget& target);

// nvidia-container-cli.ldconfig as the peer passes it on: the platform's default for an empty one,
// and after "@" PATH.real where the host has it (Debian's PATH is a script).
std::string normal_ldconfig(const std::string& configured);

}  // namespace nvbox::runtime
