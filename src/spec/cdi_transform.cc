#include "spec/cdi_transform.h"

#include <algorithm>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "spec/cdi_versions.h"

namespace nvbox::spec {
namespace {

class Transformer {
 public:
  Transformer(const std::string& from, const std::string& to, PathsOf side)
      : from_(root_of(from)), to_(root_of(to)), side_(side) {}

  void apply(ContainerEdits& edits) const {
    for (DeviceNode& node : edits.nodes) apply(node);
    for (Mount& mount : edits.mounts) {
      move(side_ == PathsOf::host ? mount.host_path : mount.container_path);
    }
    for (Hook& hook : edits.hooks) apply(hook);
  }

 private:
  static std::string root_of(const std::string& root) {
    return root.empty() ? "/" : path::clean(root);
  }

  // Whole components: /driver-x is not below /driver.
  void move(std::string& path) const {
    if (!path.starts_with('/')) return;
    const std::string below = from_ == "/" ? from_ : cat(from_, "/");
    if (path == from_) {
      path = to_;
    } else if (path.starts_with(below)) {
      path = path::join(to_, std::string_view(path).substr(below.size()));
    }
  }

  void apply(DeviceNode& node) const {
    if (side_ == PathsOf::container) return move(node.path);
    if (node.host_path.empty()) node.host_path = node.path;
    move(node.host_path);
  }

  // startContainer hooks are programs of the container, and createContainer hooks, which the host
  // has, are told paths of the container.
  void apply(Hook& hook) const {
    const bool runs_inside = hook.stage == "startContainer";
    const bool speaks_of_inside = runs_inside || hook.stage == "createContainer";
    if (runs_inside == (side_ == PathsOf::container)) move(hook.path);
    if (speaks_of_inside != (side_ == PathsOf::container)) return;
    for (std::string& argument : hook.args) apply(argument);
  }

  // "TARGET::LINK" is two paths.
  void apply(std::string& argument) const {
    const size_t separator = argument.find("::");
    if (separator == std::string::npos) return move(argument);
    std::string target = argument.substr(0, separator);
    std::string link = argument.substr(separator + 2);
    move(target);
    move(link);
    argument = cat(target, "::", link);
  }

  std::string from_;
  std::string to_;
  PathsOf side_;
};

}  // namespace

void transform_root(CdiSpec& spec, const std::string& from, const std::string& to, PathsOf side) {
  if (from == to) return;
  const Transformer transformer(from, to, side);
  transformer.apply(spec.edits);
  for (CdiDevice& device : spec.devices) transformer.apply(device.edits);
  const std::string lowest = minimum_cdi_version(spec);
  if (cdi_version_index(spec.version) < cdi_version_index(lowest)) spec.version = lowest;
}

}  // namespace nvbox::spec
