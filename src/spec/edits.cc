#include "spec/edits.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "base/path.h"

namespace nvbox::spec {
namespace {

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// Keeps the first of equal entries; the lists are short, so comparing all pairs is fine.
template <typename T>
void keep_first(std::vector<T>& list) {
  std::vector<T> kept;
  for (T& entry : list) {
    if (std::ranges::find(kept, entry) == kept.end()) kept.push_back(std::move(entry));
  }
  list = std::move(kept);
}

template <typename T>
void sort_by_path(std::vector<T>& list, std::string T::*path) {
  std::vector<std::pair<std::ptrdiff_t, T>> by_depth;
  by_depth.reserve(list.size());
  for (T& entry : list) {
    const std::ptrdiff_t depth = std::ranges::count(path::clean(entry.*path), '/');
    by_depth.emplace_back(depth, std::move(entry));
  }
  std::ranges::stable_sort(by_depth, {}, [path](const auto& entry) {
    return std::tuple<std::ptrdiff_t, const std::string&>(entry.first, entry.second.*path);
  });
  list.clear();
  for (auto& entry : by_depth) list.push_back(std::move(entry.second));
}

}  // namespace

void merge(ContainerEdits& edits, const ContainerEdits& more) {
  append(edits.env, more.env);
  append(edits.nodes, more.nodes);
  append(edits.mounts, more.mounts);
  append(edits.hooks, more.hooks);
  append(edits.additional_gids, more.additional_gids);
  append(edits.net_devices, more.net_devices);
  if (more.intel_rdt) edits.intel_rdt = more.intel_rdt;
  append(edits.allowed, more.allowed);
}

void normalize(ContainerEdits& edits) {
  keep_first(edits.env);
  keep_first(edits.nodes);
  keep_first(edits.mounts);
  keep_first(edits.hooks);
  keep_first(edits.net_devices);
  keep_first(edits.allowed);
  sort_by_path(edits.nodes, &DeviceNode::path);
  sort_by_path(edits.mounts, &Mount::container_path);
  std::ranges::sort(edits.additional_gids);
  keep_first(edits.additional_gids);
}

}  // namespace nvbox::spec
