#include "apply/steps.h"

#include <gtest/gtest.h>

namespace nvbox::apply {
namespace {

TEST(DescribeStep, says_what_is_mounted_where_and_what_the_mount_forbids) {
  EXPECT_EQ(describe(BindMount{"/host/x", "/x", sys::data_only}),
            "bind /host/x on /x (ro,nosuid,nodev,noexec)");
  EXPECT_EQ(describe(BindMount{"/host/x", "/x", 0}), "bind /host/x on /x ()");
  EXPECT_EQ(describe(MountTmpfs{"/etc/x"}), "mount a tmpfs on /etc/x");
  EXPECT_EQ(describe(MountTmpfs{"/etc/x", {{"a", ""}, {"b", ""}}}),
            "mount a tmpfs on /etc/x with a, b");
}

TEST(DescribeStep, names_devices_by_their_numbers) {
  EXPECT_EQ(describe(BindNode{"/dev/nvidia0", "/dev/nvidia0", 'c', 195, 0}),
            "bind /dev/nvidia0 (c 195:0) on /dev/nvidia0");
  EXPECT_EQ(describe(MakeNode{"/dev/nvidia0", 'c', 195, 0}), "make node /dev/nvidia0 (c 195:0)");
  EXPECT_EQ(describe(AllowDevices{{{.major = 195, .minor = 0}, {.major = 195, .minor = 255}}}),
            "allow devices c 195:0 rw, c 195:255 rw");
}

TEST(DescribeStep, says_what_happens_to_links_and_the_loader) {
  EXPECT_EQ(describe(MakeLink{"libcuda.so.1", "/usr/lib64/libcuda.so"}),
            "link /usr/lib64/libcuda.so -> libcuda.so.1");
  EXPECT_EQ(describe(MountCompat{"/usr/local/cuda/compat", "/usr/lib64", "535"}),
            "mount CUDA compatibility libraries of /usr/local/cuda/compat in /usr/lib64");
  EXPECT_EQ(describe(UpdateCache{{"/usr/lib64", "/usr/lib"}}),
            "update the loader's cache for /usr/lib64, /usr/lib");
  EXPECT_EQ(describe(WriteProfile{}), "write the application profile");
}

}  // namespace
}  // namespace nvbox::apply
