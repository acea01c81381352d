#include "machine/freshness.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "driver/fingerprint.h"
#include "support/make_host.h"

namespace nvbox::machine {
namespace {

constexpr std::string_view one_gpu = R"(
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01  Tue Apr  8 12:41:17 UTC 2025
EOF
f /proc/driver/nvidia/gpus/0000:3b:00.0/information <<EOF
Model: 		 Tesla T4
GPU UUID: 	 GPU-01234567-89ab-cdef-0123-456789abcdef
Bus Location: 	 0000:3b:00.0
Device Minor: 	 0
EOF
c /dev/nvidia0 195:0
c /dev/nvidiactl 195:255
f /usr/lib/libcuda.so.550.163.01
)";

spec::CdiStamp stamp_of(const host::Root& host) {
  const driver::Fingerprint now = driver::fingerprint_of(
      driver::look_at_devices({.host = host, .driver = host, .dev = host}).value());
  return {.driver_version = now.driver_version, .devices = now.devices};
}

// What nvidia-ctk writes on this host.
config::CdiFile file_of(const host::Root& host) {
  return {.path = "/etc/cdi/nvidia.yaml",
          .spec = {.version = "0.5.0",
                   .kind = "nvidia.com/gpu",
                   .devices = {{.name = "GPU-01234567-89ab-cdef-0123-456789abcdef",
                                .edits = {.nodes = {{.path = "/dev/nvidia0", .major = 195}}}}},
                   .edits = {.nodes = {{.path = "/dev/nvidiactl", .major = 195, .minor = 255}}}},
          .stamp = stamp_of(host)};
}

std::optional<std::string> staleness_on(const host::Root& host, const config::CdiFile& file) {
  const auto stale = staleness(file, {.host = host, .driver = host, .dev = host});
  EXPECT_TRUE(stale) << stale.error().full_message();
  return *stale;
}

TEST(Staleness, of_a_file_for_this_host_is_none_whatever_is_mounted) {
  const test::Host host(one_gpu);
  config::CdiFile file = file_of(host.root());
  file.spec.edits.mounts = {{"/gone", "/x", {}}};
  EXPECT_EQ(staleness_on(host.root(), file), std::nullopt);
}

TEST(Staleness, of_a_file_that_does_not_say_what_it_was_made_for_is_nobody_s_to_tell) {
  const test::Host host(one_gpu);
  config::CdiFile file = file_of(host.root());
  file.stamp.reset();
  file.spec.devices[0].name = "GPU-0";
  EXPECT_EQ(staleness_on(host.root(), file), std::nullopt);
}

TEST(Staleness, comes_with_another_driver) {
  const test::Host host(one_gpu);
  config::CdiFile file = file_of(host.root());
  file.stamp->driver_version = "535.261.03";
  EXPECT_EQ(staleness_on(host.root(), file),
            "it was made for driver 535.261.03, and 550.163.01 is loaded");
}

TEST(Staleness, comes_with_other_devices) {
  const test::Host before(one_gpu);
  const test::Host after(std::string(one_gpu) + R"(
f /proc/driver/nvidia/gpus/0000:5e:00.0/information <<EOF
Model: 		 Tesla T4
GPU UUID: 	 GPU-11111111-89ab-cdef-0123-456789abcdef
Bus Location: 	 0000:5e:00.0
Device Minor: 	 1
EOF
c /dev/nvidia1 195:1
)");
  EXPECT_EQ(staleness_on(after.root(), file_of(before.root())),
            "it was made for other devices than there are now");
}

TEST(Staleness, comes_with_a_gpu_that_was_exchanged) {
  const test::Host host(one_gpu);
  config::CdiFile file = file_of(host.root());
  file.spec.devices[0].name = "GPU-ffffffff-89ab-cdef-0123-456789abcdef";
  EXPECT_EQ(staleness_on(host.root(), file),
            "GPU-ffffffff-89ab-cdef-0123-456789abcdef is not in this host any more");
}

TEST(Staleness, does_not_come_with_uuids_that_the_driver_does_not_tell_yet) {
  const test::Host before(one_gpu);
  std::string masked(one_gpu);
  masked.replace(masked.find("GPU-01234567-89ab-cdef-0123-456789abcdef"), 40,
                 "GPU-\?\?\?\?\?\?\?\?-\?\?\?\?-\?\?\?\?-\?\?\?\?-\?\?\?\?\?\?\?\?\?\?\?\?");
  const test::Host after(masked);
  EXPECT_EQ(staleness_on(after.root(), file_of(before.root())), std::nullopt);
}

TEST(Staleness, comes_with_another_major_of_a_node_and_not_with_a_missing_one) {
  const test::Host host(std::string(one_gpu) + "c /dev/nvidia-uvm 509:0\n");
  config::CdiFile file = file_of(host.root());
  file.spec.edits.nodes.push_back({.path = "/dev/nvidia-uvm", .major = 510});
  EXPECT_EQ(staleness_on(host.root(), file), "/dev/nvidia-uvm is device 509:0 now");
  file.spec.edits.nodes.back().path = "/dev/nvidia-uvm-tools";
  EXPECT_EQ(staleness_on(host.root(), file), std::nullopt);
}

TEST(Staleness, without_a_driver_is_nobody_s_to_tell) {
  const test::Host before(one_gpu);
  const test::Host after("f /usr/lib/libcuda.so.550.163.01\n");
  const host::Root host = after.root();
  const auto stale = staleness(file_of(before.root()), {.host = host, .driver = host, .dev = host});
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().message(),
            "no NVIDIA driver is loaded: /proc/driver/nvidia/version does not exist");
}

}  // namespace
}  // namespace nvbox::machine
