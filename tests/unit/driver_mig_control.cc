#include "nvbox/driver/mig_control.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/make_host.h"

namespace nvbox::driver {
namespace {

// GPU 0 cannot do MIG, and of GPU 1 one instance has its nodes.
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
c /dev/nvidia-caps/nvidia-cap1 511:1
c /dev/nvidia-caps/nvidia-cap3 511:3
c /dev/nvidia-caps/nvidia-cap201 511:201
c /dev/nvidia-caps/nvidia-cap202 511:202
c /dev/nvidia-caps/nvidia-cap1353 511:1353
)";

HostDevice cap(unsigned minor) {
  return {"/dev/nvidia-caps/nvidia-cap" + std::to_string(minor), 511, minor, 0666, getgid()};
}

const std::vector<Gpu> gpus = {{.index = 0, .minor = 0}, {.index = 1, .minor = 1}};

TEST(MigControl, is_the_rights_node_and_the_nodes_that_exist_of_gpus_that_can_do_mig) {
  const test::Host host(machine);
  const host::Root root = host.root();
  const Result<MigControl> found = find_mig_control({root, root, root}, "config", gpus);
  ASSERT_TRUE(found) << found.error().full_message();
  const MigControl expected = {.file = "/proc/driver/nvidia/capabilities/mig/config",
                               .node = cap(1),
                               .gpus = {{1, {cap(201), cap(202)}}}};
  EXPECT_EQ(*found, expected);
}

TEST(MigControl, without_its_node_or_file_is_an_error) {
  const test::Host host(machine);
  const host::Root root = host.root();
  EXPECT_EQ(find_mig_control({root, root, root}, "monitor", gpus).error().full_message(),
            "stat failed: /dev/nvidia-caps/nvidia-cap2: no such file or directory; run nvidia-smi "
            "once, or use --load-kmods");
  EXPECT_EQ(
      find_mig_control({root, root, root}, "none", gpus).error().full_message(),
      "open failed: /proc/driver/nvidia/capabilities/mig/none: no such file or directory; the "
      "loaded driver offers no MIG");
}

}  // namespace
}  // namespace nvbox::driver
