// Steps of a live injection on the real kernel: what is mounted, and that a run that fails leaves
// nothing behind and takes nothing away.
#include "apply/run_steps.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/text.h"
#include "namespaced/case.h"
#include "namespaced/tree.h"

namespace nvbox::test {
namespace {

using apply::BindMount;
using apply::MakeLink;
using apply::MountTmpfs;
using apply::Source;
using apply::Step;

constexpr sys::Restrictions file_restrictions =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

struct Machine {
  explicit Machine(const std::string& scratch)
      : host(scratch + "/host"), container(scratch + "/rootfs") {
    put_file(host + "/lib/libcuda.so.1.2", "the driver's");
    put_file(host + "/lib/libother.so.1.2", "another one");
    put_file(host + "/run/gpu/state", "state");
    put_directory(container + "/etc");
    put_file(container + "/lib/libc.so.6", "libc");
  }

  Result<> run(const std::vector<Step>& steps) {
    Log log;
    log.add(LogFormat::text, [this](std::string_view line) { warnings += line; });
    const host::Root root = NVBOX_TRY(host::Root::open(host));
    const apply::Target target = {.container = NVBOX_TRY(host::Root::open(container))};
    return apply::run_steps(root, target, steps, log);
  }

  std::string host;
  std::string container;
  std::string warnings{};
};

// As describe_tree, with what tells a file from another one of the same name.
std::vector<std::string> identities(const std::string& directory) {
  std::vector<std::string> out = describe_tree(directory);
  for (std::string& line : out) {
    struct stat info {};
    lstat(cat(directory, "/", line.substr(0, line.find(" mode="))).c_str(), &info);
    line += cat(" device=", info.st_dev, " inode=", info.st_ino);
  }
  return out;
}

std::string message(const Result<>& result) {
  return result ? "done" : result.error().full_message();
}

unsigned long flags_of(const std::string& path) {
  struct statvfs status {};
  EXPECT_EQ(statvfs(path.c_str(), &status), 0) << path;
  return status.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC);
}

BindMount library(const std::string& path) {
  return {path, path, file_restrictions};
}

class RunSteps : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, RunSteps,
                         testing::ValuesIn(each_denied({"openat2", "open_tree", "move_mount",
                                                        "mount_setattr", "fsopen"})),
                         name_of);

TEST_P(RunSteps, files_and_directories_of_the_host_appear_with_their_restrictions) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    const Result<> done =
        machine.run({library("/lib/libcuda.so.1.2"),
                     BindMount{"/run/gpu", "/var/gpu", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                               Source::anything_optional}});
    ASSERT_TRUE(done) << message(done);
    EXPECT_EQ(read_file(machine.container + "/lib/libcuda.so.1.2"), "the driver's");
    EXPECT_EQ(flags_of(machine.container + "/lib/libcuda.so.1.2"),
              unsigned{ST_RDONLY | ST_NOSUID | ST_NODEV});
    EXPECT_EQ(read_file(machine.container + "/var/gpu/state"), "state");
    EXPECT_EQ(flags_of(machine.container + "/var/gpu"), unsigned{ST_NOSUID | ST_NOEXEC});
    EXPECT_EQ(machine.warnings, "");
  });
}

TEST_P(RunSteps, a_tmpfs_hides_what_was_there_and_shows_its_files) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_file(machine.container + "/proc/driver/nvidia/secret", "of another container");
    const Result<> done = machine.run(
        {MountTmpfs{"/proc/driver/nvidia", {{"params", "text\n"}}},
         BindMount{"/run/gpu", "/proc/driver/nvidia/gpus/0", sys::data_only, Source::anything}});
    ASSERT_TRUE(done) << message(done);
    const std::string directory = machine.container + "/proc/driver/nvidia";
    EXPECT_FALSE(std::filesystem::exists(directory + "/secret"));
    EXPECT_EQ(read_file(directory + "/params"), "text\n");
    EXPECT_EQ(read_file(directory + "/gpus/0/state"), "state");
    struct stat info {};
    ASSERT_EQ(stat(directory.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, mode_t{S_IFDIR | 0555});
    EXPECT_EQ(flags_of(directory), unsigned{ST_NOSUID | ST_NODEV | ST_NOEXEC});
  });
}

// As a user can do in /tmp between the look for a directory and its mount.
TEST_P(RunSteps, a_directory_that_became_a_link_is_not_mounted) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_link(machine.host + "/tmp/nvidia-mps", "/run/gpu");
    put_link(machine.host + "/tmp/mine", "/run");
    for (const std::string directory : {"/tmp/nvidia-mps", "/tmp/mine/gpu"}) {
      const Result<> done = machine.run(
          {BindMount{directory, "/tmp/nvidia-mps", MOUNT_ATTR_NOSUID, Source::anything_optional}});
      ASSERT_TRUE(done) << message(done);
      EXPECT_FALSE(std::filesystem::exists(machine.container + "/tmp/nvidia-mps/state"));
      EXPECT_TRUE(machine.warnings.contains("is somewhere else by now")) << machine.warnings;
    }
  });
}

// What stays in the image when the mount is gone, also in its layers after a commit. Debian Policy
// 10.9: directories have mode 755.
TEST_P(RunSteps, directories_that_are_made_belong_to_their_owner) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    const std::string profiles = "/etc/nvidia/nvidia-application-profiles-rc.d";
    ASSERT_TRUE(machine.run({MountTmpfs{profiles, {}}}));
    ASSERT_EQ(umount2((machine.container + profiles).c_str(), 0), 0);
    for (const std::string& directory : {std::string("/etc/nvidia"), profiles}) {
      struct stat info {};
      ASSERT_EQ(stat((machine.container + directory).c_str(), &info), 0);
      EXPECT_EQ(info.st_mode, mode_t{S_IFDIR | 0755}) << directory;
    }
  });
}

TEST_P(RunSteps, a_file_that_exists_is_covered_and_not_changed) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_file(machine.container + "/lib/libcuda.so.1.2", "the image's");
    const auto before = identities(machine.container);
    ASSERT_TRUE(machine.run({library("/lib/libcuda.so.1.2")}));
    EXPECT_EQ(read_file(machine.container + "/lib/libcuda.so.1.2"), "the driver's");
    umount2((machine.container + "/lib/libcuda.so.1.2").c_str(), 0);
    EXPECT_EQ(identities(machine.container), before);
  });
}

TEST_P(RunSteps, a_step_that_fails_takes_everything_before_it_back) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_directory(machine.container + "/usr/lib/libother.so.1.2");
    put_file(machine.container + "/opt/libcuda.so.1.2", "");
    put_link(machine.container + "/lib/libcuda.so.1", "libcuda.so.0");
    put_directory(machine.container + "/proc/driver/nvidia");
    const auto tree = identities(machine.container);
    const auto mounted = mounts();
    const Result<> failed = machine.run(
        {MountTmpfs{"/proc/driver/nvidia", {{"params", "text\n"}}}, library("/lib/libcuda.so.1.2"),
         BindMount{"/lib/libcuda.so.1.2", "/opt/libcuda.so.1.2", file_restrictions},
         BindMount{"/run/gpu", "/var/run/gpu", file_restrictions, Source::anything},
         MakeLink{"libcuda.so.1.2", "/lib/libcuda.so.1"},
         MakeLink{"libcuda.so.1", "/new/lib/libcuda.so"},
         BindMount{"/lib/libother.so.1.2", "/usr/lib/libother.so.1.2", file_restrictions}});
    EXPECT_FALSE(failed);
    EXPECT_EQ(identities(machine.container), tree);
    EXPECT_EQ(mounts(), mounted);
  });
}

TEST_P(RunSteps, a_failing_run_leaves_the_mounts_and_files_of_an_earlier_one) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_directory(machine.container + "/usr/lib/libother.so.1.2");
    const std::vector<Step> first = {MountTmpfs{"/proc/driver/nvidia", {{"params", "text\n"}}},
                                     library("/lib/libcuda.so.1.2"),
                                     MakeLink{"libcuda.so.1.2", "/lib/libcuda.so.1"}};
    ASSERT_TRUE(machine.run(first));
    const auto tree = identities(machine.container);
    const auto mounted = mounts();
    std::vector<Step> second = first;
    second.emplace_back(
        BindMount{"/lib/libother.so.1.2", "/usr/lib/libother.so.1.2", file_restrictions});
    EXPECT_FALSE(machine.run(second));
    EXPECT_EQ(identities(machine.container), tree);
    EXPECT_EQ(mounts(), mounted);
  });
}

TEST_P(RunSteps, a_link_or_directory_in_the_place_of_a_library_is_explained) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_link(machine.container + "/lib/libcuda.so.1.2", "libcuda.so.9.9");
    put_directory(machine.container + "/lib/libother.so.1.2");
    const std::string advice =
        "; the image brings driver files of its own; build it without them, or remove this one "
        "from the container";
    EXPECT_EQ(message(machine.run({library("/lib/libcuda.so.1.2")})),
              cat("mount error: file creation failed: ", machine.container,
                  "/lib/libcuda.so.1.2 is a symbolic link to \"libcuda.so.9.9\" in the image: "
                  "File exists",
                  advice));
    EXPECT_EQ(message(machine.run({library("/lib/libother.so.1.2")})),
              cat("mount error: file creation failed: ", machine.container,
                  "/lib/libother.so.1.2 is a directory in the image: File exists", advice));
  });
}

TEST_P(RunSteps, what_a_container_can_do_without_is_left_out_with_a_warning) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_link(machine.container + "/run/socket", "elsewhere");
    const Result<> done =
        machine.run({BindMount{"/run/missing", "/run/missing", 0, Source::anything_optional},
                     BindMount{"/run/gpu/state", "/run/socket", 0, Source::anything_optional},
                     library("/lib/libcuda.so.1.2")});
    ASSERT_TRUE(done) << message(done);
    EXPECT_TRUE(machine.warnings.contains("/run/missing is left out: ")) << machine.warnings;
    EXPECT_TRUE(machine.warnings.contains("/run/socket is left out: ")) << machine.warnings;
    EXPECT_EQ(read_file(machine.container + "/lib/libcuda.so.1.2"), "the driver's");
  });
}

TEST_P(RunSteps, a_library_that_the_host_lacks_stops_the_run_before_it_begins) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    const auto tree = identities(machine.container);
    EXPECT_EQ(
        message(machine.run({library("/lib/libcuda.so.1.2"), library("/lib/none.so")})),
        cat("mount error: stat failed: ", machine.host, "/lib/none.so: No such file or directory"));
    EXPECT_EQ(identities(machine.container), tree);
  });
}

TEST_P(RunSteps, a_directory_is_not_mounted_as_a_library) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    EXPECT_EQ(message(machine.run({BindMount{"/run/gpu", "/lib/x.so", file_restrictions}})),
              cat("mount error: unexpected source file mode: ", machine.host,
                  "/run/gpu is not a regular file"));
  });
}

TEST_P(RunSteps, a_node_is_bound_only_when_it_is_the_one_that_is_meant) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_directory(machine.host + "/dev");
    ASSERT_EQ(mknod((machine.host + "/dev/nvidia0").c_str(), S_IFCHR | 0666, makedev(195, 0)), 0);
    EXPECT_EQ(message(machine.run({apply::BindNode{"/dev/nvidia0", "/dev/nvidia0", 'c', 195, 1}})),
              cat("mount error: invalid device node: ", machine.host, "/dev/nvidia0"));
    ASSERT_TRUE(machine.run({apply::BindNode{"/dev/nvidia0", "/dev/nvidia0", 'c', 195, 0}}));
    struct stat info {};
    ASSERT_EQ(stat((machine.container + "/dev/nvidia0").c_str(), &info), 0);
    EXPECT_EQ(info.st_rdev, makedev(195, 0));
    EXPECT_EQ(flags_of(machine.container + "/dev/nvidia0"),
              unsigned{ST_RDONLY | ST_NOSUID | ST_NOEXEC});
  });
}

TEST_P(RunSteps, a_node_is_made_with_its_mode_and_kept_when_it_is_there) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    const std::vector<Step> steps = {apply::MakeNode{"/dev/nvidia0", 'c', 195, 0, 0660, 0, 44}};
    ASSERT_TRUE(machine.run(steps));
    const auto made = identities(machine.container);
    struct stat info {};
    ASSERT_EQ(stat((machine.container + "/dev/nvidia0").c_str(), &info), 0);
    EXPECT_EQ(info.st_rdev, makedev(195, 0));
    EXPECT_EQ(info.st_mode, mode_t{S_IFCHR | 0660});
    EXPECT_EQ(info.st_gid, gid_t{44});
    ASSERT_TRUE(machine.run(steps));
    EXPECT_EQ(identities(machine.container), made);
  });
}

TEST_P(RunSteps, a_link_replaces_a_stale_one_and_leaves_nothing_else) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    put_link(machine.container + "/lib/libcuda.so.1", "libcuda.so.0");
    ASSERT_TRUE(machine.run({MakeLink{"libcuda.so.1.2", "/lib/libcuda.so.1"}}));
    EXPECT_EQ(std::filesystem::read_symlink(machine.container + "/lib/libcuda.so.1"),
              "libcuda.so.1.2");
    const auto entries = std::filesystem::directory_iterator(machine.container + "/lib");
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 2);
  });
}

TEST_P(RunSteps, a_library_of_the_image_that_is_in_use_as_a_mount_point_keeps_its_name) {
  run_case(GetParam(), [](const std::string& scratch) {
    Machine machine(scratch);
    const std::string place = machine.container + "/lib/libcuda.so.1";
    put_file(place, "");
    ASSERT_EQ(
        mount((machine.host + "/run/gpu/state").c_str(), place.c_str(), nullptr, MS_BIND, nullptr),
        0);
    const Result<> done = machine.run({MakeLink{"libcuda.so.1.2", "/lib/libcuda.so.1"}});
    EXPECT_TRUE(done) << message(done);
    EXPECT_TRUE(machine.warnings.contains("symbolic link is not made: ")) << machine.warnings;
    EXPECT_EQ(read_file(place), "state");
  });
}

}  // namespace
}  // namespace nvbox::test
