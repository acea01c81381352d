#include "runtime/cdi_freshness.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "nvbox/driver/fingerprint.h"
#include "support/make_host.h"

namespace nvbox::runtime {
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

// As the peer would write it: without a word of what it was made for.
config::CdiFile file() {
  const std::string library = "/usr/lib/libcuda.so.550.163.01";
  return {.path = "/etc/cdi/nvidia.yaml",
          .spec = {.version = "0.5.0",
                   .kind = "nvidia.com/gpu",
                   .devices = {{.name = "0", .edits = {.nodes = {{.path = "/dev/nvidia9"}}}}},
                   .edits = {.mounts = {{library, library, {"ro"}},
                                        {"tmpfs", "/scratch", {}, "tmpfs"}}}}};
}

std::optional<std::string> staleness_on(const host::Root& host, const config::CdiFile& file) {
  return staleness(file, {.host = host, .driver = host, .dev = host});
}

// What nvidia-ctk writes on this host.
spec::CdiStamp stamp_of(const host::Root& host) {
  const auto now = driver::take_fingerprint({.host = host, .driver = host, .dev = host}).value();
  return {.driver_version = now.driver_version, .devices = now.devices};
}

TEST(Staleness, the_peer_s_file_is_fresh_when_all_that_it_mounts_is_there) {
  const test::Host host(one_gpu);
  EXPECT_EQ(staleness_on(host.root(), file()), std::nullopt);
}

TEST(Staleness, the_peer_s_file_is_stale_when_a_library_is_gone) {
  const test::Host host("f /usr/lib/libcuda.so.570.86.15\n");
  EXPECT_EQ(staleness_on(host.root(), file()), "/usr/lib/libcuda.so.550.163.01 does not exist");
}

TEST(Staleness, a_stamp_of_this_host_is_fresh_whatever_is_mounted) {
  const test::Host host(one_gpu);
  config::CdiFile stamped = file();
  stamped.spec.edits.mounts[0].host_path = "/gone";
  stamped.stamp = stamp_of(host.root());
  EXPECT_EQ(staleness_on(host.root(), stamped), std::nullopt);
}

TEST(Staleness, a_stamp_of_another_driver_is_stale) {
  const test::Host host(one_gpu);
  config::CdiFile stamped = file();
  stamped.stamp = stamp_of(host.root());
  stamped.stamp->driver_version = "535.261.03";
  EXPECT_EQ(staleness_on(host.root(), stamped),
            "it was made for driver 535.261.03, and 550.163.01 is loaded");
}

TEST(Staleness, a_stamp_of_other_devices_is_stale) {
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
  config::CdiFile stamped = file();
  stamped.stamp = stamp_of(before.root());
  EXPECT_EQ(staleness_on(after.root(), stamped),
            "it was made for other devices than there are now");
}

TEST(Staleness, without_a_driver_nobody_can_tell) {
  const test::Host before(one_gpu);
  const test::Host after("f /usr/lib/libcuda.so.550.163.01\n");
  config::CdiFile stamped = file();
  stamped.stamp = stamp_of(before.root());
  EXPECT_EQ(staleness_on(after.root(), stamped), std::nullopt);
}

}  // namespace
}  // namespace nvbox::runtime
