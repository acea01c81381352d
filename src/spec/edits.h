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
  // 'c', 'b', 'u' or 'p'. 0 where a CDI specification does not say it; then, and where a character
  // or block device has no major number, the host's node is asked at injection.
  char type = 'c';
  unsigned major = 0;
  unsigned minor = 0;
  mode_t file_mode = 0;             // permission bits; 0 where it is not said
  std::string permissions = "rwm";  // empty where it is not said, which means "rwm"
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

// A network device that is moved into the container (CDI 1.1.0).
struct NetDevice {
  std::string host_interface_name;
  std::string name;  // in the container

  bool operator==(const NetDevice&) const = default;
};

// Resource Director Technology (runtime-spec, config-linux.md, IntelRdt).
struct IntelRdt {
  std::string clos_id{};
  std::string l3_cache_schema{};
  std::string mem_bw_schema{};
  std::vector<std::string> schemata{};
  bool enable_monitoring = false;

  bool operator==(const IntelRdt&) const = default;
};

// A character device that the container may use although it gets no node of it here: the node comes
// with a mount, or is made later. No part of CDI, whose specifications never have one.
struct AllowedDevice {
  unsigned major = 0;
  unsigned minor = 0;

  bool operator==(const AllowedDevice&) const = default;
};

struct ContainerEdits {
  std::vector<std::string> env{};  // "NAME=value"
  std::vector<DeviceNode> nodes{};
  std::vector<Mount> mounts{};
  std::vector<Hook> hooks{};
  std::vector<gid_t> additional_gids{};
  std::vector<NetDevice> net_devices{};
  std::optional<IntelRdt> intel_rdt{};
  std::vector<AllowedDevice> allowed{};

  bool operator==(const ContainerEdits&) const = default;
};

// `more` behind `edits`; nothing is removed, but a container has one class of RDT, and the last
// counts.
void merge(ContainerEdits& edits, const ContainerEdits& more);

// NVIDIA's order for what a spec offers: equal entries are kept once, nodes
// and mounts are sorted by the depth of their container path and then by the path, gids by number.
// Env and hooks keep their order.
void normalize(ContainerEdits& edits);

}  // namespace nvbox::spec
