#include "driver/expected_nodes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/make_host.h"

namespace nvbox::driver {

void PrintTo(const ExpectedNode& node, std::ostream* out) {
  *out << node.path << " " << node.major << ":" << node.minor << " mode " << node.mode << " owner "
       << node.uid << ":" << node.gid << (node.may_be_made ? "" : " link only");
}

namespace {

constexpr std::string_view two_gpus = R"(
f /proc/devices <<EOF
Character devices:
  1 mem
195 nvidia
195 nvidiactl
195 nvidia-modeset
234 nvidia-caps
235 nvidia-caps-imex-channels
511 nvidia-uvm

Block devices:
  8 sd
EOF
f /proc/driver/nvidia/version
f /proc/driver/nvidia/params <<EOF
ResmanDebugLevel: 4294967295
DeviceFileUID: 0
DeviceFileGID: 44
DeviceFileMode: 432
ModifyDeviceFiles: 1
EOF
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
Model: 		 Tesla T4
Device Minor: 	 5
EOF
f /proc/driver/nvidia/gpus/0000:d8:00.0/information <<EOF
Model: 		 Tesla T4
Device Minor: 	 2
EOF
f /proc/driver/nvidia/capabilities/mig/config <<EOF
DeviceFileMinor: 1
DeviceFileMode: 256
DeviceFileModify: 1
EOF
f /proc/driver/nvidia/capabilities/gpu5/mig/gi1/ci0/access <<EOF
DeviceFileMinor: 67
DeviceFileMode: 292
DeviceFileModify: 0
EOF
)";

ExpectedNode common(const std::string& path, unsigned major, unsigned minor) {
  return {.path = path, .major = major, .minor = minor, .mode = 0660, .gid = 44};
}

TEST(ExpectedNodes, are_those_of_the_loaded_drivers_with_the_minors_and_rights_they_tell) {
  const test::Host host(two_gpus);
  const unsigned channels[] = {3};
  const ExpectedNodes expected = expected_nodes(host.root(), channels);
  const std::vector<ExpectedNode> nodes = {
      common("/dev/nvidiactl", 195, 255),
      common("/dev/nvidia5", 195, 5),
      common("/dev/nvidia2", 195, 2),
      {"/dev/nvidia-caps/nvidia-cap67", 234, 67, 0444, 0, 44, false},
      {"/dev/nvidia-caps/nvidia-cap1", 234, 1, 0400, 0, 44, true},
      common("/dev/nvidia-caps-imex-channels/channel3", 235, 3),
      common("/dev/nvidia-modeset", 195, 254),
      {.path = "/dev/nvidia-uvm", .major = 511, .minor = 0},
      {.path = "/dev/nvidia-uvm-tools", .major = 511, .minor = 1}};
  EXPECT_EQ(expected.nodes, nodes);
  EXPECT_TRUE(expected.problems.empty());
}

TEST(ExpectedNodes, of_a_machine_without_the_driver_are_none) {
  const test::Host host("f /proc/devices <<EOF\nCharacter devices:\n  1 mem\nEOF\n");
  const unsigned channels[] = {0};
  EXPECT_TRUE(expected_nodes(host.root(), channels).nodes.empty());
}

TEST(ExpectedNodes, a_gpu_that_cannot_be_read_does_not_stop_the_others) {
  const test::Host host(R"(
d /sys/module/nvidia
f /proc/devices <<EOF
Character devices:
195 nvidia-frontend
EOF
d /proc/driver/nvidia/gpus/0000:01:00.0
f /proc/driver/nvidia/gpus/0000:02:00.0/information <<EOF
Device Minor: 1
EOF
f /proc/driver/nvidia/params <<EOF
ModifyDeviceFiles: 0
EOF
)");
  const ExpectedNodes expected = expected_nodes(host.root(), {});
  ASSERT_EQ(expected.nodes.size(), 2U);
  EXPECT_EQ(expected.nodes[1],
            (ExpectedNode{.path = "/dev/nvidia1", .major = 195, .minor = 1, .may_be_made = false}));
  EXPECT_EQ(expected.problems,
            std::vector<std::string>{
                "/proc/driver/nvidia/gpus/0000:01:00.0/information names no device minor"});
}

// NVIDIA's toolkit makes no node of an NVIDIA driver that /proc/devices does not list
// (errNoNvidiaDevices of its internal/info/proc/devices): the kernel routes no number to it.
TEST(ExpectedNodes, of_a_driver_without_a_major_are_none) {
  const test::Host host(R"(
d /sys/module/nvidia
d /sys/module/nvidia_modeset
f /proc/devices <<EOF
Character devices:
  1 mem
195 not-nvidia-frontend

Block devices:
195 nvidia
EOF
f /proc/driver/nvidia/version
f /proc/driver/nvidia/gpus/0000:02:00.0/information <<EOF
Device Minor: 1
EOF
)");
  EXPECT_TRUE(expected_nodes(host.root(), {}).nodes.empty());
}

TEST(ExpectedNodes, channels_are_a_problem_when_the_driver_has_none) {
  const test::Host host("d /sys/module/nvidia\n");
  const unsigned channels[] = {0, 1};
  EXPECT_EQ(expected_nodes(host.root(), channels).problems,
            std::vector<std::string>{"the loaded driver has no IMEX channels"});
}

TEST(KernelModule, is_there_when_it_is_live) {
  const test::Host host("f /sys/module/nvidia_uvm/initstate <<EOF\nlive\nEOF\n");
  EXPECT_TRUE(has_kernel_module(host.root(), "nvidia-uvm"));
  EXPECT_FALSE(has_kernel_module(host.root(), "nvidia"));
}

TEST(KernelModule, is_not_there_while_it_comes_or_goes) {
  const test::Host host("f /sys/module/nvidia/initstate <<EOF\ngoing\nEOF\n");
  EXPECT_FALSE(has_kernel_module(host.root(), "nvidia"));
}

TEST(KernelModule, is_there_when_it_is_built_in) {
  EXPECT_TRUE(has_kernel_module(test::Host("d /sys/module/nvidia\n").root(), "nvidia"));
  EXPECT_TRUE(has_kernel_module(
      test::Host("f /proc/devices <<EOF\nCharacter devices:\n511 nvidia-uvm\nEOF\n").root(),
      "nvidia-uvm"));
  EXPECT_TRUE(has_kernel_module(test::Host("f /proc/driver/nvidia/version\n").root(), "nvidia"));
}

TEST(KernelModule, is_found_in_the_list_of_an_old_kernel) {
  const test::Host host(R"(
f /proc/modules <<EOF
nvidia_modeset 1 0 - Loading 0x0
nvidia 56688640 3 nvidia_modeset, Live 0x0000000000000000 (POE)
EOF
)");
  EXPECT_TRUE(has_kernel_module(host.root(), "nvidia"));
  EXPECT_FALSE(has_kernel_module(host.root(), "nvidia-modeset"));
}

TEST(PciGpu, is_a_display_controller_of_nvidia) {
  const test::Host host(R"(
f /sys/bus/pci/devices/0000:3b:00.0/vendor <<EOF
0x10de
EOF
f /sys/bus/pci/devices/0000:3b:00.0/class <<EOF
0x030200
EOF
)");
  EXPECT_TRUE(has_pci_gpu(host.root()));
}

TEST(PciGpu, is_not_the_switch_between_gpus_nor_another_vendors) {
  const test::Host host(R"(
f /sys/bus/pci/devices/0000:05:00.0/vendor <<EOF
0x10de
EOF
f /sys/bus/pci/devices/0000:05:00.0/class <<EOF
0x068000
EOF
f /sys/bus/pci/devices/0000:06:00.0/vendor <<EOF
0x8086
EOF
f /sys/bus/pci/devices/0000:06:00.0/class <<EOF
0x030000
EOF
)");
  EXPECT_FALSE(has_pci_gpu(host.root()));
}

}  // namespace
}  // namespace nvbox::driver
