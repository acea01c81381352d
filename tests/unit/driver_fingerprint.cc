#include "nvbox/driver/fingerprint.h"

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

TEST(Fingerprint, changes_with_everything_that_a_specification_says) {
  const std::string before = fingerprint_of(inventory()).devices;
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].uuid = "GPU-2"; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].node.reset(); }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].node->gid = 44; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.control[0].major = 509; }), before)
      << "nvidia-uvm has another major after each boot";
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].mig[0].gpu_instance = 8; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].mig[0].inode = 8; }), before);
  EXPECT_NE(devices_after([](Inventory& i) { i.gpus[0].mig.clear(); }), before);
  EXPECT_NE(devices_after([](Inventory& i) {
              i.gpus[0].mig[0].compute_instance_node =
                  HostDevice{"/dev/nvidia-caps/nvidia-cap9", 511, 9, 0444, 0};
            }),
            before);
  EXPECT_NE(devices_after([](Inventory& i) {
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

TEST(Fingerprint, is_taken_without_a_library) {
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
  const Result<Fingerprint> print = take_fingerprint({root, root, root});
  ASSERT_TRUE(print) << print.error().full_message();
  EXPECT_EQ(print->driver_version, "550.163.01");
}

TEST(Fingerprint, of_a_host_without_a_driver_is_an_error) {
  const test::Host host("d /proc/driver");
  const host::Root root = host.root();
  const Result<Fingerprint> print = take_fingerprint({root, root, root});
  ASSERT_FALSE(print);
  EXPECT_EQ(print.error().message(),
            "no NVIDIA driver is loaded: /proc/driver/nvidia/version does not exist");
}

}  // namespace
}  // namespace nvbox::driver
