// The mask over /proc/driver/nvidia/params, on the real kernel: with the mount calls that work on
// descriptors and with each of them missing.
#include "hook/mask_params.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "host/root.h"
#include "namespaced/case.h"
#include "namespaced/tree.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace nvbox::test {
namespace {

constexpr std::string_view host_text = "ResmanDebugLevel: 4294967295\nModifyDeviceFiles: 1\n";
constexpr std::string_view masked_text = "ResmanDebugLevel: 4294967295\nModifyDeviceFiles: 0\n";

class MaskParams : public testing::TestWithParam<Denial> {};

// A host and a container that both show `host_text`.
struct Machine {
  explicit Machine(const std::string& scratch)
      : host_path(scratch + "/host"), container_path(scratch + "/container") {
    put_file(host_path + "/proc/driver/nvidia/params", host_text);
    put_file(container_path + "/proc/driver/nvidia/params", host_text);
    put_directory(container_path + "/proc/driver/nvidia/gpus");
  }

  std::string params() const { return container_path + "/proc/driver/nvidia/params"; }
  Result<> mask() const {
    const host::Root host = NVBOX_TRY(host::Root::open(host_path));
    const host::Root container = NVBOX_TRY(host::Root::open(container_path));
    return hook::mask_params(host, container);
  }

  std::string host_path;
  std::string container_path;
};

std::vector<std::string> names_below(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    names.push_back(entry.path());
  }
  std::ranges::sort(names);
  return names;
}

void expect_unchanged_after_mask(const Machine& machine) {
  const std::vector<MountEntry> mounts_before = mounts();
  const std::vector<std::string> tree_before = describe_tree(machine.container_path);
  const Result<> masked = machine.mask();
  EXPECT_TRUE(masked) << masked.error().message();
  EXPECT_EQ(mounts(), mounts_before);
  EXPECT_EQ(describe_tree(machine.container_path), tree_before);
}

TEST_P(MaskParams, the_container_sees_a_zero_and_everything_else_unchanged) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    const Result<> masked = machine.mask();
    ASSERT_TRUE(masked) << masked.error().message();
    EXPECT_EQ(read_file(machine.params()), masked_text);
    EXPECT_EQ(read_file(machine.host_path + "/proc/driver/nvidia/params"), host_text);
  });
}

TEST_P(MaskParams, not_even_root_can_write_to_the_mask) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    ASSERT_TRUE(machine.mask());
    EXPECT_EQ(sys::open_path(machine.params(), O_WRONLY).error().code(), EROFS);
    struct stat info {};
    ASSERT_EQ(stat(machine.params().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, mode_t{S_IFREG | 0444});
    struct statvfs status {};
    ASSERT_EQ(statvfs(machine.params().c_str(), &status), 0);
    constexpr unsigned long wanted = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC;
    EXPECT_EQ(status.f_flag & wanted, wanted);
  });
}

TEST_P(MaskParams, nothing_stays_behind_but_its_mounts) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    std::vector<MountEntry> expected = mounts();
    const std::vector<std::string> tree = describe_tree(machine.container_path);
    ASSERT_TRUE(machine.mask());
    const std::string directory = machine.container_path + "/proc/driver/nvidia";
    const std::string around = expected.back().options;
    std::vector<std::string> points = {machine.params()};
    if (sys::has_detached_mounts()) {
      expected.push_back({directory, "ro,nosuid,nodev,noexec,relatime", "", "tmpfs"});
      expected.push_back({directory, around, "", "tmpfs"});
      points.insert(points.end(), 2, directory);
    }
    expected.push_back({machine.params(), "ro,nosuid,nodev,noexec,relatime", "", "tmpfs"});
    // Kernels differ in what they list first.
    EXPECT_TRUE(std::ranges::is_permutation(mounts(), expected));
    for (const std::string& point : points) ASSERT_EQ(umount2(point.c_str(), 0), 0);
    EXPECT_EQ(describe_tree(machine.container_path), tree);
  });
}

// CRIU 4.2, criu/mount.c: validate_mounts() refuses to save a container with a mount that shows a
// part of a file system whose root is mounted nowhere in it ("doesn't have a proper root mount").
TEST_P(MaskParams, the_root_of_the_masks_file_system_is_mounted_as_criu_wants_it) {
  run_case(GetParam(), [](const std::string& scratch) {
    if (!sys::has_detached_mounts()) return;  // Linux before 5.2
    const Machine machine(scratch);
    ASSERT_TRUE(machine.mask());
    std::set<std::string> with_root;
    std::vector<std::string> ours;  // devices of the mounts in the container
    std::istringstream lines(read_file("/proc/self/mountinfo"));
    for (std::string line; std::getline(lines, line);) {
      // proc(5): mount, parent, device, root, mount point.
      std::istringstream words(line);
      std::string number;
      std::string device;
      std::string root;
      std::string point;
      words >> number >> number >> device >> root >> point;
      if (root == "/") with_root.insert(device);
      if (point.starts_with(machine.container_path)) ours.push_back(device);
    }
    EXPECT_EQ(ours.size(), 3U);
    for (const std::string& device : ours) EXPECT_TRUE(with_root.contains(device)) << device;
  });
}

// Who may write in the container cannot change what the mask says.
TEST_P(MaskParams, the_covering_file_has_no_other_name) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    const std::vector<std::string> names = names_below(machine.container_path);
    ASSERT_TRUE(machine.mask());
    EXPECT_EQ(names_below(machine.container_path), names);
  });
}

TEST_P(MaskParams, what_is_mounted_below_the_directory_stays) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    const std::string gpus = machine.container_path + "/proc/driver/nvidia/gpus";
    ASSERT_EQ(mount("gpus", gpus.c_str(), "tmpfs", 0, nullptr), 0);
    put_file(gpus + "/0", "GPU");
    const Result<> masked = machine.mask();
    ASSERT_TRUE(masked) << masked.error().message();
    EXPECT_EQ(read_file(gpus + "/0"), "GPU");
    EXPECT_EQ(read_file(machine.params()), masked_text);
  });
}

TEST_P(MaskParams, a_mask_can_cover_a_mask) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    ASSERT_TRUE(machine.mask());
    const Result<> again = machine.mask();
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(read_file(machine.params()), masked_text);
  });
}

TEST_P(MaskParams, a_failure_leaves_no_mount) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    ASSERT_EQ(remove(machine.params().c_str()), 0);
    put_directory(machine.params());
    const std::vector<MountEntry> before = mounts();
    EXPECT_FALSE(machine.mask());
    EXPECT_EQ(mounts(), before);
  });
}

TEST_P(MaskParams, a_link_to_the_host_leads_to_a_file_of_the_container) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    ASSERT_EQ(remove(machine.params().c_str()), 0);
    put_link(machine.params(), "/../../../../secret");
    put_file(scratch + "/secret", "host");
    put_file(machine.container_path + "/secret", "container");
    ASSERT_TRUE(machine.mask());
    EXPECT_EQ(read_file(scratch + "/secret"), "host");
    EXPECT_EQ(read_file(machine.container_path + "/secret"), masked_text);
  });
}

TEST_P(MaskParams, a_host_that_says_zero_needs_no_mask) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    put_file(machine.host_path + "/proc/driver/nvidia/params", masked_text);
    expect_unchanged_after_mask(machine);
  });
}

TEST_P(MaskParams, a_container_without_the_file_needs_no_mask) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    ASSERT_EQ(remove(machine.params().c_str()), 0);
    expect_unchanged_after_mask(machine);
  });
}

INSTANTIATE_TEST_SUITE_P(Denied, MaskParams,
                         testing::ValuesIn(each_denied({"openat2", "open_tree", "move_mount",
                                                        "mount_setattr", "fsopen", "fsmount"})),
                         name_of);

TEST(MaskParamsPropagation, the_mask_on_a_shared_mount_is_private) {
  run_case({}, [](const std::string& scratch) {
    ASSERT_EQ(mount(nullptr, scratch.c_str(), nullptr, MS_SHARED, nullptr), 0);
    const Machine machine(scratch);
    ASSERT_TRUE(machine.mask());
    EXPECT_EQ(mounts().back(),
              (MountEntry{machine.params(), "ro,nosuid,nodev,noexec,relatime", "", "tmpfs"}));
    for (const MountEntry& entry : mounts()) {
      const bool is_of_the_mask = entry.point.starts_with(scratch + "/");
      EXPECT_TRUE(!is_of_the_mask || entry.propagation.empty()) << entry.point;
    }
  });
}

}  // namespace
}  // namespace nvbox::test
