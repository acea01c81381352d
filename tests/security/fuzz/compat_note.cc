// The note of an image's CUDA compatibility library. Parts: the library's version, the driver's,
// the driver's CUDA version, and the section's content.
#include <algorithm>

#include "hook/cuda_compat.h"
#include "security/fuzz/tree.h"
#include "support/elf_stub.h"

namespace nvbox {
namespace {

// What has to hold for libraries to be used on a driver of a known version, with a note or without
// one (CUDA Compatibility guide: forward compatibility is for a newer library on an older driver):
// the library is of another version, which the digits of their major numbers tell apart.
void require_newer(std::string_view library, std::string_view driver) {
  const auto major = [](std::string_view version) {
    if (version.starts_with('v')) version.remove_prefix(1);
    return parse_number<std::uint32_t>(version.substr(0, version.find('.')));
  };
  fuzz::require(major(library) && major(driver), "both versions are known");
  fuzz::require(*major(library) >= *major(driver), "an older library is not used");
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const std::string_view version = parts.next();
  const hook::HostDriver driver = {.driver_version = std::string(parts.next()),
                                   .cuda_version = std::string(parts.next())};
  const std::string_view note = parts.next();
  if (version.find_first_of(std::string_view("/\0", 2)) != std::string_view::npos) return 0;
  const fuzz::Tree tree;
  tree.add_file(cat("compat/libcuda.so.", version),
                test::elf_image({.soname = "libcuda.so.1", .note = std::string(note)}));
  const auto decision = hook::decide_cuda_compat(tree.root(), driver, "/compat");
  fuzz::require(decision.has_value(), "broken libraries are a reason, not an error");
  tree.require_host_unchanged();
  if (decision->directory.empty()) return 0;
  fuzz::require(decision->directory == "/compat", "the folder is the one that was asked for");
  fuzz::require(!driver.driver_version.empty() || !driver.cuda_version.empty(),
                "nothing is used on a driver that is not known");
  if (driver.cuda_version.empty()) require_newer(version, driver.driver_version);
  return 0;
}
