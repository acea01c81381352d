#include "sys/cgroup.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace nvbox::sys {
namespace {

constexpr std::string_view hybrid =
    "12:devices:/docker/0123\n"
    "11:memory:/docker/0123\n"
    "1:name=systemd:/docker/0123\n"
    "0::/system.slice/containerd.service\n";

TEST(Cgroup, with_both_versions_the_devices_controller_of_v1_decides) {
  EXPECT_EQ(parse_device_cgroup(hybrid), (Cgroup{CgroupVersion::v1, "/docker/0123"}));
}

TEST(Cgroup, the_devices_controller_may_share_its_hierarchy) {
  EXPECT_EQ(parse_device_cgroup("4:freezer,devices:/lxc/c1\n"),
            (Cgroup{CgroupVersion::v1, "/lxc/c1"}));
}

TEST(Cgroup, v2_is_the_line_without_controllers) {
  EXPECT_EQ(parse_device_cgroup("0::/user.slice/crun-1.scope/container\n"),
            (Cgroup{CgroupVersion::v2, "/user.slice/crun-1.scope/container"}));
}

TEST(Cgroup, a_hybrid_machine_without_the_devices_controller_uses_v2) {
  EXPECT_EQ(parse_device_cgroup("2:cpu:/a\n1:name=devices:/b\n0::/c\n"),
            (Cgroup{CgroupVersion::v2, "/c"}));
}

TEST(Cgroup, a_path_may_have_colons_and_blanks) {
  EXPECT_EQ(parse_device_cgroup("0::/kubelet:a b:c\n"),
            (Cgroup{CgroupVersion::v2, "/kubelet:a b:c"}));
}

TEST(Cgroup, no_hierarchy_is_no_cgroup) {
  EXPECT_EQ(parse_device_cgroup(""), std::nullopt);
  EXPECT_EQ(parse_device_cgroup("1:name=systemd:/x\nnonsense\n:\n::\n"), std::nullopt);
}

TEST(Cgroup, mounts_are_those_of_v2_and_of_the_devices_controller) {
  constexpr std::string_view mountinfo =
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "30 24 0:26 / /sys/fs/cgroup/devices rw,nosuid shared:9 - cgroup cgroup rw,devices\n"
      "31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
      "32 24 0:28 /a\\040b /mnt/c\\134d rw master:1 propagate_from:2 - cgroup2 cgroup2 "
      "rw,nsdelegate\n"
      "33 24 0:29 / /x rw - cgroup cgroup rw,name=devices\n"
      "34 24 0:29 / /y - cgroup2\n"
      "broken line\n";
  EXPECT_EQ(parse_cgroup_mounts(mountinfo),
            (std::vector<CgroupMount>{{CgroupVersion::v1, "/", "/sys/fs/cgroup/devices"},
                                      {CgroupVersion::v2, "/a b", "/mnt/c\\d"}}));
}

TEST(Cgroup, a_path_is_found_below_the_part_that_is_mounted) {
  const CgroupMount part{CgroupVersion::v2, "/docker/0123", "/sys/fs/cgroup"};
  EXPECT_EQ(path_in(part, {CgroupVersion::v2, "/docker/0123/inner"}), "inner");
  EXPECT_EQ(path_in(part, {CgroupVersion::v2, "/docker/0123"}), "");
  EXPECT_EQ(path_in(part, {CgroupVersion::v2, "/docker/01234"}), std::nullopt);
  EXPECT_EQ(path_in(part, {CgroupVersion::v2, "/"}), std::nullopt);
}

TEST(Cgroup, the_root_cgroup_is_the_mount_point_itself) {
  const CgroupMount whole{CgroupVersion::v1, "/", "/sys/fs/cgroup/devices"};
  EXPECT_EQ(path_in(whole, {CgroupVersion::v1, "/"}), "");
  EXPECT_EQ(path_in(whole, {CgroupVersion::v1, "/a/b"}), "a/b");
}

TEST(Cgroup, a_cgroup_above_the_namespace_is_not_visible) {
  const CgroupMount whole{CgroupVersion::v2, "/", "/sys/fs/cgroup"};
  EXPECT_EQ(path_in(whole, {CgroupVersion::v2, "/../system.slice"}), std::nullopt);
  EXPECT_EQ(path_in({CgroupVersion::v2, "/../..", "/x"}, {CgroupVersion::v2, "/../../a"}),
            std::nullopt);
}

TEST(Cgroup, a_mount_of_the_other_version_does_not_show_it) {
  EXPECT_EQ(path_in({CgroupVersion::v1, "/", "/x"}, {CgroupVersion::v2, "/a"}), std::nullopt);
}

TEST(Cgroup, a_process_that_does_not_exist_has_none) {
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) _exit(pause());
  const Result<Process> process = Process::open(pid);
  kill(pid, SIGKILL);
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  ASSERT_TRUE(process);
  const Result<OpenCgroup> none = open_device_cgroup(*process);
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().message().starts_with("open /proc/" + std::to_string(pid) + "/cgroup: "))
      << none.error().message();
}

}  // namespace
}  // namespace nvbox::sys
