#include "driver/library_links.h"

#include <algorithm>

#include "base/path.h"

namespace nvbox::driver {
namespace {

struct SpecialLink {
  std::string_view file_prefix;
  std::string_view target;  // empty: the file
  std::string_view link;
};

constexpr SpecialLink special_links[] = {
    {"libcuda.so.", "libcuda.so.1", "libcuda.so"},
    {"libGLX_nvidia.so.", "", "libGLX_indirect.so.0"},
    {"libnvidia-opticalflow.so.", "libnvidia-opticalflow.so.1", "libnvidia-opticalflow.so"},
};

// "libcuda.so.1" -> "libcuda.so"; the name itself when it has no ".so".
std::string_view development_name(std::string_view soname) {
  const size_t at = soname.rfind(".so");
  return at == std::string_view::npos ? soname : soname.substr(0, at + 3);
}

}  // namespace

std::vector<Link> links_for(std::string_view directory, std::string_view file,
                            std::string_view soname, std::span<const std::string> host_links,
                            Capabilities serves) {
  std::vector<Link> links;
  const auto add = [&](std::string_view target, std::string_view name) {
    Link link = {std::string(target), path::join(directory, name), serves};
    if (std::ranges::find(links, link) == links.end()) links.push_back(std::move(link));
  };
  const auto add_if_on_host = [&](std::string_view target, std::string_view name) {
    if (target != name && std::ranges::binary_search(host_links, name)) add(target, name);
  };
  for (const SpecialLink& row : special_links) {
    if (file.starts_with(row.file_prefix)) add(row.target.empty() ? file : row.target, row.link);
  }
  add_if_on_host(file, soname);
  add_if_on_host(soname, development_name(soname));
  return links;
}

}  // namespace nvbox::driver
