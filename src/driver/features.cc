#include "driver/features.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "driver/device_nodes.h"
#include "host/locate.h"

namespace nvbox::driver {
namespace {

using host::Sought;

struct NodeRow {
  Features feature;
  std::string_view pattern;
  std::string_view comes_from;  // what makes the node
};

constexpr NodeRow node_rows[] = {
    {Features::gds, "/dev/nvidia-fs*", "the kernel module nvidia-fs"},
    {Features::mofed, "/dev/infiniband/uverbs*", "the kernel module ib_uverbs"},
    {Features::mofed, "/dev/infiniband/rdma_cm", "the kernel module rdma_ucm"},
    {Features::gdrcopy, "/dev/gdrdrv", "the kernel module gdrdrv"},
    // nvidia-nvswitchctl too.
    {Features::nvswitch, "/dev/nvidia-nvswitch*", "the driver on a host with NVSwitches"},
};

struct FileRow {
  Features feature;
  FileKind kind;
  std::string_view path;
};

// libcufile finds the NVMe devices behind a file system by udev's database.
constexpr FileRow file_rows[] = {
    {Features::gds, FileKind::directory, "/run/udev"},
    {Features::gds, FileKind::data, "/etc/cufile.json"},
};

std::vector<HostDevice> find_nodes(const Context& context, Features feature) {
  std::vector<HostDevice> nodes;
  for (const NodeRow& row : node_rows) {
    if (row.feature != feature) continue;
    std::ranges::move(nodes_like(context, row.pattern), std::back_inserter(nodes));
  }
  return nodes;
}

std::vector<HostFile> find_feature_files(const Context& context, Features feature) {
  host::Locator locator(context.roots.driver);
  std::vector<HostFile> files;
  for (const FileRow& row : file_rows) {
    if (row.feature != feature) continue;
    const Sought sought = row.kind == FileKind::directory ? Sought::directory : Sought::file;
    auto found =
        context.or_problem(locator.find(path::parent(row.path), path::base_name(row.path), sought));
    if (found) files.push_back({row.kind, std::move(found->path), std::move(found->place)});
  }
  return files;
}

void tell_missing(const Context& context, const FeatureName& name) {
  for (const NodeRow& row : node_rows) {
    if (row.feature != name.feature) continue;
    context.problem(cat(name.word, " is asked for, but ",
                        path::join(context.roots.dev.path(), row.pattern),
                        " does not exist; it is made by ", row.comes_from));
  }
}

}  // namespace

std::vector<Feature> find_features(const Context& context) {
  std::vector<Feature> features;
  for (const FeatureName& name : feature_names) {
    if (!intersects(name.feature, context.need.features)) continue;
    std::vector<HostDevice> nodes = find_nodes(context, name.feature);
    if (nodes.empty()) {
      tell_missing(context, name);
      continue;
    }
    features.push_back({name.feature, std::move(nodes), find_feature_files(context, name.feature)});
  }
  return features;
}

}  // namespace nvbox::driver
