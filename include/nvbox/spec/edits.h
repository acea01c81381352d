// What must change about a container, in the words of the Container Device Interface
// (github.com/cncf-tags/container-device-interface, SPEC.md, containerEdits). The one value that
// every end of nvbox takes: config.json, CDI files and live containers.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace nvbox::spec {

struct DeviceNode {
  std::string path;         // in the container
  std::string host_path{};  // on the host, empty when it is `path`
  char type = 'c';
  unsigned major = 0;
  unsigned minor = 0;
  mode_t file_mode = 0;  // permission bits
  std::string permissions = "rwm";
  std::optional<uid_t> uid{};
  std::optional<gid_t> gid{};

  bool operator==(const DeviceNode&) const = default;
};

struct Mount {
  std::string host_path;
  std::string container_path;
  std::vector<std::string> options;
  std::string type{};  // empty for a bind mount that only its options describe

  bool operator==(const Mount&) const = default;
};

struct Hook {
  std::string stage;  // "createContainer", "prestart", ...
  std::string path;
  std::vector<std::string> args{};
  std::vector<std::string> env{};
  std::optional<int> timeout{};  // seconds

  bool operator==(const Hook&) const = default;
};

struct ContainerEdits {
  std::vector<std::string> env{};  // "NAME=value"
  std::vector<DeviceNode> nodes{};
  std::vector<Mount> mounts{};
  std::vector<Hook> hooks{};
  std::vector<gid_t> additional_gids{};

  bool operator==(const ContainerEdits&) const = default;
};

// `more` behind `edits`; nothing is removed.
void merge(ContainerEdits& edits, const ContainerEdits& more);

// The peer's order for what a spec offers: equal entries are kept once, nodes
// and mounts are sorted by the depth of their container path and then by the path, gids by number.
// Env and hooks keep their order.
void normalize(ContainerEdits& edits);

}  // namespace nvbox::spec
