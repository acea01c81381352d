// Device nodes are made for real, in a directory that stands for the host's root; the program that
// loads modules is a script that writes down how it was called.
#include "machine/modules.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "apply/phases.h"
#include "base/log.h"
#include "base/text.h"
#include "host/root.h"
#include "machine/nodes.h"
#include "namespaced/case.h"
#include "namespaced/tree.h"

namespace nvbox::test {
namespace {

using driver::ExpectedNode;

bool is_root() {
  return geteuid() == 0;
}

#define NEEDS_ROOT() \
  if (!is_root()) GTEST_SKIP() << "only root of the machine makes device nodes"

// "c 195:0 0660 0:44", or "" when there is no character device.
std::string describe_node(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) return "";
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", status.st_mode & 07777);
  return cat("c ", major(status.st_rdev), ":", minor(status.st_rdev), " ", std::string_view(mode),
             " ", status.st_uid, ":", status.st_gid);
}

ExpectedNode gpu_zero() {
  return {.path = "/dev/nvidia0", .major = 195, .minor = 0, .mode = 0660, .uid = 0, .gid = 44};
}

void make(const host::Root& root, const ExpectedNode& node) {
  const Result<> made = machine::make_node(root, node);
  ASSERT_TRUE(made) << made.error().full_message();
}

TEST(MakeNode, makes_a_node_with_its_owner_mode_and_link) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    umask(0077);
    const host::Root root = host::Root::open(scratch).value();
    make(root, gpu_zero());
    make(root, {.path = "/dev/nvidia-caps/nvidia-cap67", .major = 234, .minor = 67, .mode = 0444});
    EXPECT_EQ(describe_node(scratch + "/dev/nvidia0"), "c 195:0 0660 0:44");
    EXPECT_EQ(describe_node(scratch + "/dev/nvidia-caps/nvidia-cap67"), "c 234:67 0444 0:0");
    EXPECT_EQ(std::filesystem::read_symlink(scratch + "/dev/char/195:0"), "../nvidia0");
    EXPECT_EQ(std::filesystem::read_symlink(scratch + "/dev/char/234:67"),
              "../nvidia-caps/nvidia-cap67");
  });
}

TEST(MakeNode, needs_the_capabilities_of_its_phase_alone) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    ASSERT_EQ(chown(scratch.c_str(), 1000, 1000), 0);
    const host::Root root = host::Root::open(scratch).value();
    ASSERT_TRUE(sys::keep_only(machine::loads_modules));
    const Result<sys::Raised> raised = sys::Raised::raise(machine::loads_modules);
    ASSERT_TRUE(raised) << raised.error().message();
    make(root, gpu_zero());
    EXPECT_EQ(describe_node(scratch + "/dev/nvidia0"), "c 195:0 0660 0:44");
  });
}

TEST(MakeNode, keeps_a_node_that_is_right_but_for_its_mode) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const host::Root root = host::Root::open(scratch).value();
    make(root, gpu_zero());
    struct stat before {};
    struct stat after {};
    ASSERT_EQ(stat((scratch + "/dev/nvidia0").c_str(), &before), 0);
    ASSERT_EQ(chmod((scratch + "/dev/nvidia0").c_str(), 0600), 0);
    make(root, gpu_zero());
    ASSERT_EQ(stat((scratch + "/dev/nvidia0").c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    EXPECT_EQ(describe_node(scratch + "/dev/nvidia0"), "c 195:0 0660 0:44");
  });
}

TEST(MakeNode, replaces_what_is_wrong_and_does_not_follow_links) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const host::Root root = host::Root::open(scratch).value();
    put_file(scratch + "/precious", "text");
    put_link(scratch + "/dev/nvidia0", "/precious");
    make(root, gpu_zero());
    EXPECT_EQ(describe_node(scratch + "/dev/nvidia0"), "c 195:0 0660 0:44");
    ExpectedNode moved = gpu_zero();
    moved.major = 196;
    make(root, moved);
    EXPECT_EQ(describe_node(scratch + "/dev/nvidia0"), "c 196:0 0660 0:44");
    EXPECT_EQ(read_file(scratch + "/precious"), "text");
  });
}

TEST(MakeNode, that_must_not_be_made_only_gets_its_link) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const host::Root root = host::Root::open(scratch).value();
    ExpectedNode node = gpu_zero();
    node.may_be_made = false;
    make(root, node);
    EXPECT_EQ(describe_node(scratch + "/dev/nvidia0"), "");
    EXPECT_EQ(std::filesystem::read_symlink(scratch + "/dev/char/195:0"), "../nvidia0");
  });
}

TEST(MakeNode, where_a_directory_is_says_so) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    put_directory(scratch + "/dev/nvidia0");
    const Result<> made = machine::make_node(host::Root::open(scratch).value(), gpu_zero());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message(),
              scratch + "/dev/nvidia0: remove what is in its place: Is a directory");
  });
}

TEST(LookAtNode, tells_what_is_in_the_place_of_a_node) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    using machine::NodeState;
    const host::Root root = host::Root::open(scratch).value();
    const auto look = [&] { return machine::look_at_node(root, gpu_zero()).value(); };
    EXPECT_EQ(look(), NodeState::missing);
    ASSERT_TRUE(machine::make_node_itself(root, gpu_zero()));
    EXPECT_EQ(look(), NodeState::right);
    EXPECT_FALSE(std::filesystem::exists(scratch + "/dev/char"));
    ASSERT_EQ(chown((scratch + "/dev/nvidia0").c_str(), 7, 44), 0);
    EXPECT_EQ(look(), NodeState::other_access);
    ASSERT_EQ(chown((scratch + "/dev/nvidia0").c_str(), 0, 0), 0);
    EXPECT_EQ(look(), NodeState::other_access);
    for (const mode_t mode : {0600, 0640, 0644, 0666}) {
      ASSERT_EQ(chmod((scratch + "/dev/nvidia0").c_str(), mode), 0);
      EXPECT_EQ(look(), NodeState::default_access);
    }
    ExpectedNode other = gpu_zero();
    other.minor = 1;
    ASSERT_TRUE(machine::make_node_itself(root, other));
    EXPECT_EQ(look(), NodeState::other_thing);
    std::filesystem::rename(scratch + "/dev/nvidia0", scratch + "/dev/nvidia1");
    put_link(scratch + "/dev/nvidia0", "nvidia1");
    EXPECT_EQ(look(), NodeState::other_thing);
  });
}

// nvidia-modprobe gives a node the mode and owner of the driver's parameters unless they say
// ModifyDeviceFiles: 0; whoever only describes the host keeps what an administrator chose.
TEST(MakeNodeIfMissing, keeps_what_somebody_chose) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const host::Root root = host::Root::open(scratch).value();
    const std::string path = scratch + "/dev/nvidia0";
    const auto make = [&](const ExpectedNode& node) {
      const Result<> made = machine::make_node_if_missing(root, node);
      EXPECT_TRUE(made) << made.error().full_message();
      return describe_node(path);
    };
    ExpectedNode forbidden = gpu_zero();
    forbidden.may_be_made = false;
    EXPECT_EQ(make(forbidden), "");
    EXPECT_FALSE(std::filesystem::exists(scratch + "/dev"));
    EXPECT_EQ(make(gpu_zero()), "c 195:0 0660 0:44");
    EXPECT_EQ(std::filesystem::read_symlink(scratch + "/dev/char/195:0"), "../nvidia0");
    ASSERT_EQ(chown(path.c_str(), 0, 27), 0);
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
    EXPECT_EQ(make(gpu_zero()), "c 195:0 0600 0:27") << "its group was chosen";
    ASSERT_EQ(chown(path.c_str(), 0, 0), 0);
    EXPECT_EQ(make(forbidden), "c 195:0 0600 0:0");
    EXPECT_EQ(make(gpu_zero()), "c 195:0 0660 0:44") << "devtmpfs makes it so";
    ExpectedNode moved = gpu_zero();
    moved.major = 196;
    EXPECT_EQ(make(moved), "c 196:0 0660 0:44") << "it was another device";
  });
}

// What load_modules() writes to the log.
std::string load(const std::string& host_path, const std::string& driver_path) {
  const host::Root host = host::Root::open(host_path).value();
  const host::Root driver = host::Root::open(driver_path).value();
  std::string text;
  Log log;
  log.set_level(Level::debug);
  log.add(LogFormat::text, [&text](std::string_view line) { text += line; });
  machine::load_modules({host, driver, host}, machine::CapabilityNodes::make, log);
  return text;
}

void put_gpu(const std::string& host) {
  put_file(host + "/sys/bus/pci/devices/0000:3b:00.0/vendor", "0x10de\n");
  put_file(host + "/sys/bus/pci/devices/0000:3b:00.0/class", "0x030200\n");
}

// A host with a GPU, and a driver root that is this machine's root once more, so that the script
// which stands for modprobe finds its shell. It may write to /mnt/record.
struct Machine {
  explicit Machine(const std::string& scratch, const std::string& modprobe)
      : host(scratch + "/host"), driver(scratch + "/driver") {
    put_directory(driver);
    put_gpu(host);
    mount("/", driver.c_str(), nullptr, MS_BIND, nullptr);
    mount("tools", (driver + "/mnt").c_str(), "tmpfs", 0, "mode=0755");
    put_file(driver + "/mnt/record", "");
    put_file(driver + "/mnt/modprobe", "#!/bin/sh\n" + modprobe);
    chmod((driver + "/mnt/modprobe").c_str(), 0755);
    put_file(host + "/proc/sys/kernel/modprobe", "/mnt/modprobe\n");
  }

  std::string load() const { return test::load(host, driver); }
  std::string record() const { return read_file(driver + "/mnt/record"); }

  std::string host;
  std::string driver;
};

TEST(LoadModules, runs_the_helper_of_the_kernel_in_the_driver_root_without_our_environment) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    ASSERT_EQ(setenv("NVBOX_TEST_SECRET", "secret", 1), 0);
    const Machine machine(scratch,
                          "echo \"$# $1 in $(pwd) PATH=$PATH$NVBOX_TEST_SECRET\" >> /mnt/record\n");
    EXPECT_TRUE(machine.load().contains("loaded kernel module nvidia-uvm"));
    EXPECT_EQ(machine.record(),
              "1 nvidia in / PATH=/sbin\n"
              "1 nvidia-uvm in / PATH=/sbin\n"
              "1 nvidia-modeset in / PATH=/sbin\n");
  });
}

TEST(LoadModules, leaves_modules_alone_that_are_there_and_makes_their_nodes) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch, "echo called >> /mnt/record\n");
    put_file(machine.host + "/proc/devices",
             "Character devices:\n195 nvidia\n195 nvidia-modeset\n511 nvidia-uvm\n");
    put_file(machine.host + "/proc/driver/nvidia/gpus/0000:3b:00.0/information",
             "Device Minor: 4\n");
    EXPECT_FALSE(machine.load().contains("warning"));
    const std::vector<std::string> once = describe_tree(machine.host + "/dev");
    EXPECT_FALSE(machine.load().contains("warning"));
    EXPECT_EQ(describe_tree(machine.host + "/dev"), once);
    EXPECT_EQ(machine.record(), "");
    EXPECT_EQ(describe_node(machine.host + "/dev/nvidia4"), "c 195:4 0666 0:0");
    EXPECT_EQ(describe_node(machine.host + "/dev/nvidiactl"), "c 195:255 0666 0:0");
    EXPECT_EQ(describe_node(machine.host + "/dev/nvidia-uvm-tools"), "c 511:1 0666 0:0");
  });
}

TEST(LoadModules, a_helper_that_fails_is_a_line_in_the_log) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch, "exit 3\n");
    EXPECT_TRUE(machine.load().contains("kernel module nvidia: /mnt/modprobe returned 3"));
  });
}

TEST(LoadModule, loads_one_unless_it_is_there_and_says_what_failed) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch, "echo $1 >> /mnt/record; [ $1 = nvidia-uvm ]\n");
    put_file(machine.host + "/proc/devices", "Character devices:\n195 nvidia\n");
    const host::Root host = host::Root::open(machine.host).value();
    const host::Root driver = host::Root::open(machine.driver).value();
    const driver::Roots roots = {host, driver, host};
    EXPECT_EQ(machine::load_module(roots, "nvidia").value(), machine::Loaded::before);
    EXPECT_EQ(machine::load_module(roots, "nvidia-uvm").value(), machine::Loaded::now);
    EXPECT_EQ(machine::load_module(roots, "nvidia-modeset").error().message(),
              "kernel module nvidia-modeset: /mnt/modprobe returned 1");
    EXPECT_EQ(machine.record(), "nvidia-uvm\nnvidia-modeset\n");
  });
}

TEST(LoadModules, without_a_gpu_nothing_is_loaded) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch, "echo called >> /mnt/record\n");
    std::filesystem::remove_all(machine.host + "/sys");
    EXPECT_TRUE(machine.load().contains("no NVIDIA GPU is on the PCI bus"));
    EXPECT_EQ(machine.record(), "");
  });
}

TEST(LoadModules, without_a_helper_and_without_modules_says_both) {
  NEEDS_ROOT();
  run_case({}, [](const std::string& scratch) {
    put_gpu(scratch);
    const std::string text = load(scratch, scratch);
    EXPECT_TRUE(text.contains("kernel module nvidia-modeset: there is no modprobe, and")) << text;
    EXPECT_TRUE(text.contains("modules.dep does not exist")) << text;
  });
}

TEST(LoadModules, in_a_user_namespace_nothing_is_tried) {
  run_case({}, [](const std::string& scratch) {
    if (is_root()) {
      ASSERT_EQ(unshare(CLONE_NEWUSER), 0);
    }
    EXPECT_TRUE(load(scratch, scratch).contains("this is a user namespace"));
    EXPECT_TRUE(std::filesystem::is_empty(scratch));
  });
}

}  // namespace
}  // namespace nvbox::test
