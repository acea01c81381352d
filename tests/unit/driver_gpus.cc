#include "driver/gpus.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "driver/device_nodes.h"
#include "driver/mig.h"
#include "support/make_host.h"

namespace nvbox::driver {
namespace {

// What discovery finds on a host when only devices are needed.
Inventory devices_of(const test::Host& host, const Need& need) {
  const host::Root root = host.root();
  Inventory inventory;
  const Search search;
  const Roots roots = {root, root, root};
  const Context context = {roots, search, need, inventory.problems, inventory.core_failures};
  if (need.gpus) inventory.gpus = find_gpus(context);
  inventory.control = control_nodes(context);
  if (need.imex_channels) inventory.imex_channels = imex_channels(context);
  return inventory;
}

constexpr Need gpus_only = {.gpus = true, .files = Capabilities::none};

const HostDevice control = {"/dev/nvidiactl", 195, 255, 0666, getgid()};

HostDevice node(std::string path, unsigned major, unsigned minor) {
  return {std::move(path), major, minor, 0666, getgid()};
}

TEST(Information, is_the_fields_that_matter) {
  EXPECT_EQ(parse_information("Model: \t\t NVIDIA A100-SXM4-80GB\n"
                              "IRQ:   \t\t 64\n"
                              "GPU UUID: \t GPU-07a10000-0000-4a10-8000-000000000000\n"
                              "Bus Location: \t 0000:07:00.0\n"
                              "Device Minor: \t 3\n"
                              "GPU Excluded:\t Yes\n"),
            (Information{.model = "NVIDIA A100-SXM4-80GB",
                         .uuid = "GPU-07a10000-0000-4a10-8000-000000000000",
                         .minor = 3,
                         .is_excluded = true}));
}

TEST(Information, of_garbage_is_empty) {
  EXPECT_EQ(parse_information(""), Information{});
  EXPECT_EQ(parse_information("\n:\nDevice Minor: none\nGPU Excluded: No\n"), Information{});
}

TEST(Gpus, are_counted_by_pci_address_and_without_excluded_ones) {
  const test::Host host(R"(
f /proc/driver/nvidia/gpus/0001:03:00.0/information <<EOF
Device Minor: 0
EOF
f /proc/driver/nvidia/gpus/0000:af:00.0/information <<EOF
Device Minor: 1
GPU Excluded: Yes
EOF
f /proc/driver/nvidia/gpus/00000000:3B:00.0/information <<EOF
Model: Tesla T4
GPU UUID: GPU-1
Device Minor: 7
GPU Excluded: No
EOF
f /proc/driver/nvidia/gpus/10000:01:00.0/information <<EOF
Device Minor: 2
EOF
f /proc/driver/nvidia/gpus/readme
c /dev/nvidia0 195:0
c /dev/nvidia7 195:7
c /dev/nvidiactl 195:255
)");
  EXPECT_EQ(devices_of(host, gpus_only),
            (Inventory{.gpus = {{.index = 0,
                                 .minor = 7,
                                 .uuid = "GPU-1",
                                 .bus_id = "0000:3b:00.0",
                                 .model = "Tesla T4",
                                 .node = node("/dev/nvidia7", 195, 7)},
                                {.index = 1,
                                 .minor = 0,
                                 .bus_id = "0001:03:00.0",
                                 .node = node("/dev/nvidia0", 195, 0)},
                                {.index = 2, .minor = 2, .bus_id = "10000:01:00.0"}},
                       .control = {control},
                       .problems = {{"/proc/driver/nvidia/gpus/readme: not a PCI address"}}}));
}

TEST(Gpus, that_cannot_be_read_keep_their_place_and_tell_why) {
  const test::Host host(R"(
d /proc/driver/nvidia/gpus/0000:18:00.0/information
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
Model: Unknown
Device Minor: \xff
EOF
d /proc/driver/nvidia/gpus/0000:86:00.0
f /proc/driver/nvidia/gpus/0000:af:00.0/information <<EOF
Device Minor: 3
EOF
c /dev/nvidia3 195:3
c /dev/nvidiactl 195:255
)");
  const std::string gpus = host.path() + "/proc/driver/nvidia/gpus/";
  EXPECT_EQ(
      devices_of(host, gpus_only).gpus,
      (std::vector<Gpu>{{.index = 0,
                         .bus_id = "0000:18:00.0",
                         .problem = "read " + gpus + "0000:18:00.0/information: Is a directory"},
                        {.index = 1,
                         .bus_id = "0000:3b:00.0",
                         .problem = gpus + "0000:3b:00.0/information names no device minor"},
                        {.index = 2,
                         .bus_id = "0000:86:00.0",
                         .problem = gpus + "0000:86:00.0/information does not exist"},
                        {.index = 3,
                         .minor = 3,
                         .bus_id = "0000:af:00.0",
                         .node = node("/dev/nvidia3", 195, 3)}}));
}

TEST(Gpus, with_the_node_of_another_gpu_cannot_be_used) {
  const test::Host host(R"(
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
Device Minor: 1
EOF
c /dev/nvidia1 195:0
c /dev/nvidiactl 195:255
)");
  EXPECT_EQ(devices_of(host, gpus_only).gpus,
            (std::vector<Gpu>{{.index = 0,
                               .minor = 1,
                               .bus_id = "0000:3b:00.0",
                               .problem = "/dev/nvidia1 is device 195:0, not 195:1"}}));
}

TEST(Gpus, have_drm_nodes_and_the_links_that_name_them_when_graphics_is_needed) {
  const test::Host host(R"(
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
Device Minor: 0
EOF
d /sys/bus/pci/devices/0000:3b:00.0/drm/card1/card1-HDMI-A-1
d /sys/bus/pci/devices/0000:3b:00.0/drm/card1-HDMI-A-1
d /sys/bus/pci/devices/0000:3b:00.0/drm/renderD129
d /sys/bus/pci/devices/0000:3b:00.0/drm/controlD65
c /dev/nvidia0 195:0
c /dev/dri/card1 226:1
c /dev/dri/renderD129 226:129
c /dev/dri/renderD128 226:128
l /dev/dri/by-path/pci-0000:3b:00.0-card -> ../card1
l /dev/dri/by-path/pci-0000:3b:00.0-render -> ../renderD128
c /dev/nvidiactl 195:255
c /dev/nvidia-modeset 195:254
)");
  const Gpu bare = {.index = 0, .bus_id = "0000:3b:00.0", .node = node("/dev/nvidia0", 195, 0)};
  Gpu with_drm = bare;
  with_drm.drm_nodes = {node("/dev/dri/card1", 226, 1), node("/dev/dri/renderD129", 226, 129)};
  with_drm.drm_names = {"card1", "renderD129"};
  with_drm.drm_links = {{"../card1", "/dev/dri/by-path/pci-0000:3b:00.0-card",
                         Capabilities::graphics | Capabilities::display}};
  EXPECT_EQ(
      devices_of(host, {.files = Capabilities::display}),
      (Inventory{.gpus = {with_drm}, .control = {control, node("/dev/nvidia-modeset", 195, 254)}}))
      << "the other link is of another GPU";
  EXPECT_EQ(devices_of(host, {.files = Capabilities::utility}),
            (Inventory{.gpus = {bare}, .control = {control}}));
}

TEST(Mig, is_the_instances_that_exist_with_the_nodes_that_exist) {
  const test::Host host(R"(
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
Device Minor: 1
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi10/access <<EOF
DeviceFileMinor: 228
DeviceFileMode: 292
DeviceFileModify: 1
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi10/ci0/access <<EOF
DeviceFileMinor: 229
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi7/access <<EOF
DeviceFileMinor: 201
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi7/ci0/access <<EOF
DeviceFileMinor: 202
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi7/ci1/access <<EOF
DeviceFileMinor: 203
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi8/access <<EOF
DeviceFileMinor: 210
EOF
f /proc/devices <<EOF
Character devices:
511 nvidia-caps
512 nvidia-caps-imex-channels
EOF
c /dev/nvidia-caps/nvidia-cap201 511:201
c /dev/nvidia-caps/nvidia-cap202 511:202
c /dev/nvidia-caps/nvidia-cap228 509:228
c /dev/nvidia1 195:1
c /dev/nvidiactl 195:255
)");
  const auto gi7 = node("/dev/nvidia-caps/nvidia-cap201", 511, 201);
  Inventory found = devices_of(host, gpus_only);
  ASSERT_EQ(found.gpus.size(), 1U);
  for (Mig& mig : found.gpus[0].mig) EXPECT_NE(std::exchange(mig.inode, 0), 0U);
  EXPECT_EQ(
      found.gpus[0].mig,
      (std::vector<Mig>{{.gpu_instance = 7,
                         .compute_instance = 0,
                         .gpu_instance_node = gi7,
                         .compute_instance_node = node("/dev/nvidia-caps/nvidia-cap202", 511, 202)},
                        {.gpu_instance = 7, .compute_instance = 1, .gpu_instance_node = gi7},
                        {.gpu_instance = 10, .compute_instance = 0}}))
      << "an instance without compute instances is no device";
  EXPECT_EQ(found.problems,
            (std::vector<Problem>{{"/dev/nvidia-caps/nvidia-cap228 is device 509:228, not 511:228",
                                   Problem::Kind::mig_device}}));
}

TEST(Mig, without_nodes_is_guarded_by_its_files_where_the_driver_has_no_major_for_them) {
  const std::string instance = R"(
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
Device Minor: 1
EOF
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi7/access <<EOF
DeviceFileMinor: 201
EOF
f /proc/driver/nvidia/capabilities/gpu1/mig/gi7/ci0/access <<EOF
DeviceFileMinor: 202
EOF
c /dev/nvidia1 195:1
c /dev/nvidiactl 195:255
)";
  const auto is_guarded_by_files = [&](const std::string& more) {
    const test::Host host(instance + more);
    return devices_of(host, gpus_only).gpus.at(0).mig.at(0).is_guarded_by_files;
  };
  EXPECT_TRUE(is_guarded_by_files(""));
  EXPECT_FALSE(
      is_guarded_by_files("f /proc/devices <<EOF\nCharacter devices:\n511 nvidia-caps\nEOF\n"));
  EXPECT_FALSE(is_guarded_by_files("c /dev/nvidia-caps/nvidia-cap202 511:202\n"));
}

TEST(MigMinor, is_a_line_of_the_access_file) {
  EXPECT_EQ(parse_capability_minor("DeviceFileMode: 292\nDeviceFileMinor: 66\n"), 66U);
  EXPECT_EQ(parse_capability_minor("DeviceFileMinor: x\n"), std::nullopt);
  EXPECT_EQ(parse_capability_minor(""), std::nullopt);
}

TEST(Majors, are_those_of_character_devices_with_just_that_name) {
  constexpr std::string_view devices =
      "Character devices:\n"
      "  1 mem\n"
      "195 nvidia-frontend\n"
      "510 nvidia-uvm\n"
      "511 nvidia-caps\n"
      "\n"
      "Block devices:\n"
      "  7 loop\n"
      "259 blkext\n";
  EXPECT_EQ(parse_major(devices, "nvidia-uvm"), 510U);
  EXPECT_EQ(parse_major(devices, "mem"), 1U);
  EXPECT_EQ(parse_major(devices, "uvm"), std::nullopt);
  EXPECT_EQ(parse_major(devices, "loop"), std::nullopt);
  EXPECT_EQ(parse_major("", "mem"), std::nullopt);
}

TEST(ControlNodes, are_those_that_are_needed_and_exist) {
  const test::Host host(R"(
f /proc/devices <<EOF
Character devices:
510 nvidia-uvm
EOF
c /dev/nvidiactl 195:255
c /dev/nvidia-uvm 510:0
f /dev/nvidia-uvm-tools
)");
  const Need compute = {.gpus = false, .files = Capabilities::compute};
  EXPECT_EQ(
      devices_of(host, compute),
      (Inventory{.control = {control, node("/dev/nvidia-uvm", 510, 0)},
                 .problems = {{host.path() + "/dev/nvidia-uvm-tools is not a character device"}},
                 .core_failures = {{"/dev/nvidia-uvm-tools", Capabilities::compute,
                                    host.path() + "/dev/nvidia-uvm-tools is not a character device",
                                    0}}}));
  const Need graphics = {.gpus = false, .files = Capabilities::graphics};
  EXPECT_EQ(devices_of(host, graphics),
            (Inventory{.control = {control},
                       .problems = {{host.path() + "/dev/nvidia-modeset does not exist; create "
                                                   "it with 'nvidia-modprobe -m'"}}}));
}

TEST(ControlNodes, with_the_major_of_another_boot_are_a_problem) {
  const test::Host host(R"(
f /proc/devices <<EOF
Character devices:
509 nvidia-uvm
EOF
c /dev/nvidiactl 195:255
c /dev/nvidia-uvm 510:0
c /dev/nvidia-uvm-tools 510:1
)");
  EXPECT_EQ(devices_of(host, {.gpus = false, .files = Capabilities::compute}).problems,
            std::vector<Problem>{{"/dev/nvidia-uvm has major 510, but the driver's is 509; "
                                  "remove the node and run 'nvidia-modprobe -u -c 0'"}});
}

TEST(ImexChannels, are_in_the_order_of_their_numbers) {
  const test::Host host(R"(
c /dev/nvidiactl 195:255
c /dev/nvidia-caps-imex-channels/channel10 509:10
c /dev/nvidia-caps-imex-channels/channel2 509:2
f /dev/nvidia-caps-imex-channels/channelx
)");
  EXPECT_EQ(
      devices_of(host, {.gpus = false, .imex_channels = true, .files = Capabilities::none}),
      (Inventory{.control = {control},
                 .imex_channels = {node("/dev/nvidia-caps-imex-channels/channel2", 509, 2),
                                   node("/dev/nvidia-caps-imex-channels/channel10", 509, 10)}}));
}

}  // namespace
}  // namespace nvbox::driver
