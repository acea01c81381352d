// containerd's config.toml in its versions 1 to 4, and the file that it imports.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "engine/request.h"

namespace nvbox::engine {

struct ContainerdFiles {
  std::string config_path{};
  std::string config{};                     // "" when there is no such file
  std::optional<std::string> dump{};        // what containerd says is in force, if it was asked
  std::optional<std::string> drop_in_path;  // nullopt: everything goes into config.toml
  std::string drop_in{};                    // "" when there is no such file
};

struct ContainerdTexts {
  std::string config;
  std::optional<std::string> drop_in;  // nullopt when no drop-in is used
};

// The files with the runtime in them. It inherits the options of the default runtime, runc or crun.
// containerd before 2.0 takes the whole section of a plugin from the file that has it last, so the
// drop-in holds all of the CRI plugin's and is made anew; config.toml only imports it, and its
// version is never lower than the drop-in's. A document of version 1 imports nothing and is changed
// itself. An error when the CRI plugin is disabled, or
// when the drop-in holds other settings as well.
Result<ContainerdTexts> configure_containerd(const ContainerdFiles& files,
                                             const RuntimeRequest& request);

}  // namespace nvbox::engine
