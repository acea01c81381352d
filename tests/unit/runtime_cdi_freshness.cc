#include "runtime/cdi_freshness.h"

#include <gtest/gtest.h>

#include <string>

#include "support/make_host.h"

namespace nvbox::runtime {
namespace {

constexpr std::string_view library = "/usr/lib/libcuda.so.550.163.01";

spec::CdiSpec peer_spec() {
  return {.version = "0.5.0",
          .kind = "nvidia.com/gpu",
          .devices = {{.name = "0", .edits = {.nodes = {{.path = "/dev/nvidia0"}}}}},
          .edits = {.mounts = {{std::string(library), std::string(library), {"ro"}}}}};
}

constexpr std::string_view complete_host = R"(
f /usr/lib/libcuda.so.550.163.01
c /dev/nvidia0 195:0
)";

TEST(Staleness, a_specification_whose_files_are_all_there_is_fresh) {
  const test::Host host(complete_host);
  EXPECT_EQ(staleness(peer_spec(), host.root()), std::nullopt);
}

TEST(Staleness, a_library_of_another_driver_is_not_there) {
  const test::Host host(R"(
f /usr/lib/libcuda.so.570.86.15
c /dev/nvidia0 195:0
)");
  EXPECT_EQ(staleness(peer_spec(), host.root()), "/usr/lib/libcuda.so.550.163.01 does not exist");
}

TEST(Staleness, device_nodes_and_file_systems_of_the_kernel_need_not_be_there) {
  const test::Host host("f /usr/lib/libcuda.so.550.163.01\n");
  spec::CdiSpec spec = peer_spec();
  spec.edits.mounts.push_back({"tmpfs", "/scratch", {}, "tmpfs"});
  EXPECT_EQ(staleness(spec, host.root()), std::nullopt);
}

}  // namespace
}  // namespace nvbox::runtime
