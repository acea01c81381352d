#include "driver/library_directories.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "host/ld_cache.h"

namespace nvbox::driver {
namespace {

struct Row {
  std::string_view path;  // '@' stands for the architecture's name
  Below below = Below::none;
};

constexpr Row standard[] = {
    {"/usr/lib/@-linux-gnu", Below::nvidia},
    {"/usr/lib64", Below::nvidia},
    {"/usr/lib", Below::nvidia},
    // Where /lib is not a link to /usr/lib, and driver roots that are a bare directory of files.
    {"/lib/@-linux-gnu", Below::nvidia},
    {"/lib64"},
    {"/lib"},
};

constexpr Row unusual[] = {
    {"/usr/lib/wsl/lib"},
    {"/run/opengl-driver/lib"},
    {"/usr/local/lib"},
    {"/usr/local/lib64"},
    {"/usr/local/glibc/usr/lib"},
    {"/usr/local/glibc/usr/lib64"},
    {"/usr/local/glibc/lib"},
    {"/usr/local/nvidia/lib64"},
    {"/home/kubernetes/bin/nvidia/lib64"},
    {"/@-bottlerocket-linux-gnu/sys-root/usr/lib", Below::nvidia},
    {"/opt/nvidia", Below::all},
};

std::vector<LibraryDirectory> expand(std::span<const Row> rows, const Architecture& architecture) {
  std::vector<LibraryDirectory> out;
  for (const Row& row : rows) out.push_back({for_architecture(row.path, architecture), row.below});
  return out;
}

bool is_main_library(std::string_view path) {
  const std::string_view name = path::base_name(path);
  return name.starts_with("libcuda.so") || name.starts_with("libnvidia-ml.so");
}

}  // namespace

std::vector<LibraryDirectory> standard_directories(const Architecture& architecture) {
  return expand(standard, architecture);
}

std::vector<LibraryDirectory> unusual_directories(const Architecture& architecture) {
  return expand(unusual, architecture);
}

std::vector<LibraryDirectory> directories_32(const Architecture& architecture) {
  return {{cat("/usr/lib/", architecture.triplet_32)},
          {"/usr/lib32"},
          {"/usr/lib"},
          {"/run/opengl-driver-32/lib"}};
}

std::vector<LibraryDirectory> cached_directories(const Context& context) {
  const std::string& configured = context.search.ld_cache;
  const std::string file = configured.empty() ? "/etc/ld.so.cache" : configured;
  const auto bytes = context.or_problem(context.roots.driver.read(file));
  if (!bytes) return {};
  const Result<host::LdCache> cache = host::parse_ld_cache(*bytes);
  if (!cache) {
    context.problem(cat(file, ": ", cache.error().message()));
    return {};
  }
  std::vector<LibraryDirectory> out;
  for (const host::LdCacheEntry& entry : cache->entries) {
    if (!is_main_library(entry.path)) continue;
    const std::string_view folder = path::parent(entry.path);
    if (std::ranges::find(out, folder, &LibraryDirectory::path) == out.end()) {
      out.push_back({std::string(folder)});
    }
  }
  return out;
}

}  // namespace nvbox::driver
