#include "driver/mig.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/make_host.h"

namespace nvbox::driver {
namespace {

// GPU 0 cannot do MIG, and of GPU 1 one instance has its nodes; one node has a major of another
// boot.
constexpr std::string_view machine = R"(
f /proc/driver/nvidia/capabilities/mig/config <<EOF
DeviceFileMinor: 1
DeviceFileMode: 256
EOF
f /proc/driver/nvidia/capabilities/mig/monitor <<EOF
DeviceFileMinor: 2
EOF
d /proc/driver/nvidia/capabilities/gpu1/mig
f /proc/driver/nvidia-caps/mig-minors <<EOF
config 1
monitor 2
gpu0/gi0/access 3
gpu1/gi0/access 138
gpu1/gi7/access 201
gpu1/gi7/ci0/access 202
gpu10/gi0/access 1353
EOF
f /proc/devices <<EOF
Character devices:
195 nvidia
511 nvidia-caps
EOF
c /dev/nvidia-caps/nvidia-cap1 511:1
c /dev/nvidia-caps/nvidia-cap138 510:138
c /dev/nvidia-caps/nvidia-cap3 511:3
c /dev/nvidia-caps/nvidia-cap201 511:201
c /dev/nvidia-caps/nvidia-cap202 511:202
c /dev/nvidia-caps/nvidia-cap1353 511:1353
)";

HostDevice cap(unsigned minor) {
  return {"/dev/nvidia-caps/nvidia-cap" + std::to_string(minor), 511, minor, 0666, getgid()};
}

HostDevice unmade(unsigned minor) {
  return {"/dev/nvidia-caps/nvidia-cap" + std::to_string(minor), 511, minor, 0, 0};
}

const std::vector<Gpu> gpus = {{.index = 0, .minor = 0}, {.index = 1, .minor = 1}};

Result<std::optional<MigControl>> find(const test::Host& host, std::string_view right,
                                       const std::vector<Gpu>& of = gpus) {
  const host::Root root = host.root();
  return find_mig_control({root, root, root}, right, of);
}

// NVIDIA's toolkit allows every line of mig-minors that is the GPU's, with the major of
// /proc/devices, whether there is a node or not (nvc_mount.c, setup_mig_minor_cgroups).
TEST(MigControl, is_every_node_that_there_can_be_of_gpus_that_can_do_mig) {
  const test::Host host(machine);
  const auto found = find(host, "config");
  ASSERT_TRUE(found) << found.error().full_message();
  const MigControl expected = {.file = "/proc/driver/nvidia/capabilities/mig/config",
                               .node = cap(1),
                               .gpus = {{1, {unmade(138), cap(201), cap(202)}}}};
  EXPECT_EQ(**found, expected);
  EXPECT_EQ(find(host, "monitor").value()->node, unmade(2)) << "may be made later, too";
}

TEST(MigControl, is_nothing_without_a_gpu_that_can_do_mig) {
  const test::Host host(machine);
  EXPECT_EQ(find(host, "config", {{.index = 0, .minor = 0}}).value(), std::nullopt);
  EXPECT_EQ(find(host, "config", {}).value(), std::nullopt);
  EXPECT_EQ(find(test::Host("d /proc\n"), "config").value(), std::nullopt);
}

TEST(MigControl, is_a_file_alone_where_the_driver_has_no_nodes) {
  const test::Host host(R"(
f /proc/driver/nvidia/capabilities/mig/config <<EOF
DeviceFileMinor: 1
EOF
d /proc/driver/nvidia/capabilities/gpu1/mig
)");
  const MigControl expected = {.file = "/proc/driver/nvidia/capabilities/mig/config",
                               .gpus = {{1, {}}}};
  EXPECT_EQ(*find(host, "config").value(), expected);
}

TEST(MigControl, without_its_file_or_the_nodes_directory_is_an_error) {
  EXPECT_EQ(find(test::Host(machine), "none").error().full_message(),
            "open failed: /proc/driver/nvidia/capabilities/mig/none: no such file or directory; "
            "the loaded driver offers no MIG");
  const test::Host host(R"(
f /proc/devices <<EOF
Character devices:
511 nvidia-caps
EOF
f /proc/driver/nvidia/capabilities/mig/config <<EOF
DeviceFileMinor: 1
EOF
d /proc/driver/nvidia/capabilities/gpu1/mig
)");
  EXPECT_EQ(find(host, "config").error().full_message(),
            "stat failed: /dev/nvidia-caps: no such file or directory; run nvidia-smi once, or use "
            "--load-kmods");
}

}  // namespace
}  // namespace nvbox::driver
