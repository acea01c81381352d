#include "spec/cdi_versions.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "spec/cdi.h"

namespace nvbox::spec {
namespace {

// No reader accepts an older one.
constexpr size_t oldest_index = 2;
static_assert(cdi_versions[oldest_index] == "0.3.0");

template <typename Predicate>
bool any_edits(const CdiSpec& spec, const Predicate& predicate) {
  return predicate(spec.edits) || std::ranges::any_of(spec.devices, predicate, &CdiDevice::edits);
}

template <typename Action>
void for_all_edits(CdiSpec& spec, const Action& action) {
  for (CdiDevice& device : spec.devices) action(device.edits);
  action(spec.edits);
}

bool has_mount_types(const CdiSpec& spec) {
  return any_edits(spec, [](const ContainerEdits& edits) {
    return !std::ranges::all_of(edits.mounts, &std::string::empty, &Mount::type);
  });
}

Result<> drop_mount_types(CdiSpec& spec) {
  for_all_edits(spec, [](ContainerEdits& edits) {
    for (Mount& mount : edits.mounts) mount.type.clear();
  });
  return {};
}

bool has_digit_names(const CdiSpec& spec) {
  return std::ranges::any_of(spec.devices, [](const CdiDevice& device) {
    return !device.name.empty() && is_digit(device.name.front());
  });
}

bool has_host_paths(const CdiSpec& spec) {
  return any_edits(spec, [](const ContainerEdits& edits) {
    return !std::ranges::all_of(edits.nodes, &std::string::empty, &DeviceNode::host_path);
  });
}

// Without its host path a node is the one of the same path on the host, unless its numbers say
// which it is.
Result<> drop_host_paths(CdiSpec& spec) {
  Result<> status;
  for_all_edits(spec, [&](ContainerEdits& edits) {
    for (DeviceNode& node : edits.nodes) {
      const bool is_complete = node.type == 'p' || (node.type != '\0' && node.major != 0);
      if (!node.host_path.empty() && node.host_path != node.path && !is_complete) {
        status = Error(cat("device node ", node.path, ": only its host path ", node.host_path,
                           " says which device it is"));
      }
      node.host_path.clear();
    }
  });
  return status;
}

bool has_annotations(const CdiSpec& spec) {
  return !spec.annotations.empty() ||
         !std::ranges::all_of(spec.devices, &CdiAnnotations::empty, &CdiDevice::annotations);
}

Result<> drop_annotations(CdiSpec& spec) {
  spec.annotations.clear();
  for (CdiDevice& device : spec.devices) device.annotations.clear();
  return {};
}

bool has_class_with_dot(const CdiSpec& spec) {
  const size_t slash = spec.kind.find('/');
  return slash != std::string::npos && std::string_view(spec.kind).substr(slash).contains('.');
}

bool has_group_ids(const CdiSpec& spec) {
  return any_edits(spec,
                   [](const ContainerEdits& edits) { return !edits.additional_gids.empty(); });
}

Result<> drop_group_ids(CdiSpec& spec) {
  for_all_edits(spec, [](ContainerEdits& edits) { edits.additional_gids.clear(); });
  return {};
}

bool has_intel_rdt(const CdiSpec& spec) {
  return any_edits(spec, [](const ContainerEdits& edits) { return edits.intel_rdt.has_value(); });
}

Result<> drop_intel_rdt(CdiSpec& spec) {
  for_all_edits(spec, [](ContainerEdits& edits) { edits.intel_rdt.reset(); });
  return {};
}

bool has_rdt_monitoring(const CdiSpec& spec) {
  return any_edits(spec, [](const ContainerEdits& edits) {
    return edits.intel_rdt &&
           (!edits.intel_rdt->schemata.empty() || edits.intel_rdt->enable_monitoring);
  });
}

Result<> drop_rdt_monitoring(CdiSpec& spec) {
  for_all_edits(spec, [](ContainerEdits& edits) {
    if (!edits.intel_rdt) return;
    edits.intel_rdt->schemata.clear();
    edits.intel_rdt->enable_monitoring = false;
  });
  return {};
}

bool has_net_devices(const CdiSpec& spec) {
  return any_edits(spec, [](const ContainerEdits& edits) { return !edits.net_devices.empty(); });
}

Result<> drop_net_devices(CdiSpec& spec) {
  for_all_edits(spec, [](ContainerEdits& edits) { edits.net_devices.clear(); });
  return {};
}

struct Feature {
  std::string_view version;  // the first that has it
  std::string_view phrase;
  bool (*is_used)(const CdiSpec&);
  Result<> (*drop)(CdiSpec&);  // nullptr where nothing would be left
};

// SPEC.md, "Released versions", and what CDI's own library checks.
constexpr Feature features[] = {
    {"0.4.0", "types of mounts", has_mount_types, drop_mount_types},
    {"0.5.0", "device names that begin with a digit", has_digit_names, nullptr},
    {"0.5.0", "host paths of device nodes", has_host_paths, drop_host_paths},
    {"0.6.0", "annotations", has_annotations, drop_annotations},
    {"0.6.0", "classes with a dot", has_class_with_dot, nullptr},
    {"0.7.0", "additional group ids", has_group_ids, drop_group_ids},
    {"0.7.0", "Intel RDT", has_intel_rdt, drop_intel_rdt},
    {"1.1.0", "schemata and monitoring of Intel RDT", has_rdt_monitoring, drop_rdt_monitoring},
    {"1.1.0", "network devices", has_net_devices, drop_net_devices},
};

}  // namespace

std::optional<size_t> cdi_version_index(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  const auto* found = std::ranges::find(cdi_versions, version);
  if (found == std::end(cdi_versions)) return std::nullopt;
  return static_cast<size_t>(found - std::begin(cdi_versions));
}

std::string minimum_cdi_version(const CdiSpec& spec) {
  size_t index = oldest_index;
  for (const Feature& feature : features) {
    if (feature.is_used(spec)) index = std::max(index, *cdi_version_index(feature.version));
  }
  return std::string(cdi_versions[index]);
}

Result<std::vector<std::string>> downgrade_cdi(CdiSpec& spec, std::string_view version) {
  const std::optional<size_t> index = cdi_version_index(version);
  if (!index) return Error(cat(quote(version), " is not a version of the CDI specification"));
  CdiSpec lower = spec;
  lower.version = cdi_versions[*index];
  std::vector<std::string> dropped;
  for (const Feature& feature : features) {
    if (*cdi_version_index(feature.version) <= *index || !feature.is_used(lower)) continue;
    const std::string where = cat("CDI ", lower.version, " has no ", feature.phrase);
    if (feature.drop == nullptr) return Error(where);
    NVBOX_TRY(feature.drop(lower).in(where));
    dropped.emplace_back(feature.phrase);
  }
  NVBOX_TRY(validate_cdi(lower).in(cat("in CDI ", lower.version)));
  spec = std::move(lower);
  return dropped;
}

}  // namespace nvbox::spec
