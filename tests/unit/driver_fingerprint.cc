#include "driver/fingerprint.h"

#include <gtest/gtest.h>

#include "support/make_host.h"

namespace nvbox::driver {
namespace {

Inventory inventory() {
  const Gpu gpu = {.uuid = "GPU-1",
                   .bus_id = "0000:3b:00.0",
                   .node = HostDevice{"/dev/nvidia0", 195, 0, 0666, 0},
                   .mig = {{.gpu_instance = 7, .compute_instance = 0}}};
  return {.driver = {.version = "535.1"},
          .gpus = {gpu},
          .control = {{"/dev/nvidia-uvm", 510, 0, 0666, 0}}};
}

// The same host after `change`.
template <typename Change>
std::string devices_after(Change change) {
  Inventory changed = inventory();
  change(changed);
  return fingerprint_of(changed).devices;
}

TEST(Fingerprint, names_the_driver_and_digests_the_devices) {
  const Fingerprint print = fingerprint_of(inventory());
  EXPECT_EQ(print.driver_version, "535.1");
  EXPECT_EQ(print.devices.size(), 16U);
  EXPECT_EQ(print.devices.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(fingerprint_of(inventory()), print);
}

TEST(Fingerprint, changes_with_the_devices) {
  const std::string before = fingerprint_of(inventory()).devices;
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].bus_id = "0000:5e:00.0"; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].minor = 1; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].drm_names = {"card1"}; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].mig[0].gpu_instance = 8; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].mig[0].inode = 8; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].mig.clear(); }), before);
}

TEST(Fingerprint, does_not_change_with_what_a_specification_says_itself_or_not_at_all) {
  const std::string before = fingerprint_of(inventory()).devices;
  EXPECT_EQ(devices_after([](Inventory& i) { i.gpus[0].uuid = "GPU-????????"; }), before)
      << "the driver tells it after the first use";
  EXPECT_EQ(devices_after([](Inventory& i) { i.gpus[0].node->mode = 0660; }), before);
  EXPECT_EQ(devices_after([](Inventory& i) { i.gpus[0].node->gid = 44; }), before);
  EXPECT_EQ(devices_after([](Inventory& i) {
              i.gpus[0].drm_nodes = {{"/dev/dri/card1", 226, 1, 0660, 44}};
            }),
            before)
      << "they are below the dev root, which not every program has the same";
  EXPECT_EQ(devices_after([](Inventory& i) { i.control.clear(); }), before)
      << "nvidia-uvm may not be loaded";
  EXPECT_EQ(devices_after([](Inventory& i) {
              i.gpus[0].mig[0].compute_instance_node =
                  HostDevice{"/dev/nvidia-caps/nvidia-cap9", 511, 9, 0444, 0};
            }),
            before);
  EXPECT_EQ(devices_after([](Inventory& i) {
              i.imex_channels.push_back({"/dev/nvidia-caps-imex-channels/channel0", 509, 0, 0, 0});
            }),
            before);
}

TEST(Fingerprint, does_not_change_with_the_drivers_files) {
  EXPECT_EQ(devices_after([](Inventory& i) {
              i.libraries.push_back({.path = "/usr/lib/libcuda.so.535.1", .soname = "x"});
            }),
            fingerprint_of(inventory()).devices);
}

TEST(Devices, are_looked_at_without_a_library) {
  const test::Host host(R"(
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01  Tue Apr  8 12:41:17 UTC 2025
EOF
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
GPU UUID: 	 GPU-01234567-89ab-cdef-0123-456789abcdef
Device Minor: 	 0
EOF
c /dev/nvidia0 195:0
)");
  const host::Root root = host.root();
  const Result<Inventory> devices = look_at_devices({root, root, root});
  ASSERT_TRUE(devices) << devices.error().full_message();
  EXPECT_EQ(devices->driver.version, "550.163.01");
  ASSERT_EQ(devices->gpus.size(), 1U);
  EXPECT_EQ(devices->gpus[0].uuid, "GPU-01234567-89ab-cdef-0123-456789abcdef");
}

TEST(Devices, of_a_tegra_are_not_looked_at) {
  const test::Host host("f /etc/nv_tegra_release\n");
  const host::Root root = host.root();
  const auto devices = look_at_devices({root, root, root});
  ASSERT_TRUE(devices) << devices.error().message();
  EXPECT_EQ(*devices, (Inventory{.driver = {.kind = DriverKind::tegra}}));
}

TEST(Devices, of_a_host_without_a_driver_are_an_error) {
  const test::Host host("d /proc/driver");
  const host::Root root = host.root();
  const Result<Inventory> devices = look_at_devices({root, root, root});
  ASSERT_FALSE(devices);
  EXPECT_EQ(devices.error().message(),
            "no NVIDIA driver is loaded: /proc/driver/nvidia/version does not exist");
}

}  // namespace
}  // namespace nvbox::driver
