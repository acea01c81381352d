// Root file systems made to lead configure out of the container (CVE-2024-0132, CVE-2024-0133,
// CVE-2025-23359): whatever they hold, nothing is made, mounted or removed outside. Those that
// change meanwhile are in security/races.cc.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "apply/configure.h"
#include "base/path.h"
#include "base/text.h"
#include "namespaced/case.h"
#include "namespaced/tree.h"
#include "support/elf_stub.h"

namespace nvbox::test {
namespace {

using apply::ConfigureRequest;

constexpr const char* native = "/usr/lib/x86_64-linux-gnu";
const std::vector<std::string> file_options = {"ro", "nosuid", "nodev", "rbind", "rprivate"};

// A host with a canary, and an image that is not finished: a test puts its trap into it.
struct Machine {
  explicit Machine(const std::string& scratch)
      : host(scratch + "/host"), canary(scratch + "/canary"), container(scratch + "/rootfs") {
    put_file(host + "/lib/libcuda.so.535.1", elf_image({.soname = "libcuda.so.1"}));
    put_file(host + "/bin/nvidia-smi", "#!");
    put_file(host + "/firmware/gsp.bin", "firmware");
    put_directory(host + "/dev");
    mknod((host + "/dev/nvidia0").c_str(), S_IFCHR | 0666, makedev(195, 0));
    put_file(host + "/proc/driver/nvidia/params", "ModifyDeviceFiles: 1\n");
    put_file(host + "/proc/driver/nvidia/gpus/0000:3b:00.0/information", "Model: T4\n");
    for (const char* name : {"x86_64-linux-gnu", "nvidia", "driver", "firmware", "compat"}) {
      put_file(cat(canary, "/", std::string_view(name), "/file"), "of the host");
    }
    put_file(canary + "/libcuda.so.570.1", "of the host");
    put_file(container + "/etc/debian_version", "12\n");
    put_file(container + "/lib64/ld-linux-x86-64.so.2", "");
    before = describe_tree(canary);
  }

  ConfigureRequest request() const {
    ConfigureRequest out = {.rootfs = container, .host_driver_version = "535.1"};
    out.edits.mounts = {{"/lib/libcuda.so.535.1", cat(native, "/libcuda.so.535.1"), file_options},
                        {"/bin/nvidia-smi", "/usr/bin/nvidia-smi", file_options},
                        {"/firmware/gsp.bin", "/lib/firmware/nvidia/535.1/gsp.bin", file_options}};
    out.edits.nodes = {{.path = "/dev/nvidia0", .major = 195, .file_mode = 0666}};
    out.work.links = {{"libcuda.so.535.1", cat(native, "/libcuda.so.1")}};
    out.work.library_folders = {native};
    out.work.application_profile = true;
    out.work.cuda_compat_driver = "535.1";
    out.visible_bus_ids = {"0000:3b:00.0"};
    out.cgroups = false;
    out.compat = apply::CompatMode::mount;
    return out;
  }

  Result<> configure() const {
    return apply::configure(host::Root::open(host).value(), request(), Log());
  }

  void expect_nothing_outside() const {
    EXPECT_EQ(describe_tree(canary), before);
    for (const MountEntry& mount : mounts()) {
      EXPECT_FALSE(path::is_below(mount.point, canary)) << mount.point;
      EXPECT_FALSE(path::is_below(mount.point, host)) << mount.point;
    }
  }

  // Every mount in the container goes; false when there was none.
  bool unmount_all() const {
    bool found = false;
    const std::vector<MountEntry> all = mounts();
    for (auto mount = all.rbegin(); mount != all.rend(); ++mount) {
      if (!path::is_below(mount->point, container)) continue;
      found = true;
      umount2(mount->point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    }
    return found;
  }

  std::string host;
  std::string canary;
  std::string container;
  std::vector<std::string> before;
};

// Directories that configure works in.
constexpr const char* components[] = {"/usr",
                                      "/usr/lib",
                                      "/usr/lib/x86_64-linux-gnu",
                                      "/usr/bin",
                                      "/lib/firmware",
                                      "/lib/firmware/nvidia",
                                      "/etc/nvidia",
                                      "/etc/ld.so.conf.d",
                                      "/dev",
                                      "/proc",
                                      "/proc/driver",
                                      "/proc/driver/nvidia",
                                      "/usr/local/cuda",
                                      "/usr/local/cuda/compat"};

class HostileConfigure : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, HostileConfigure,
                         testing::ValuesIn(each_denied({"openat2", "open_tree"})), name_of);

TEST_P(HostileConfigure, a_directory_that_links_out_of_the_container_changes_nothing_outside) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    for (const std::string component : components) {
      for (const std::string& way :
           {machine.canary, "/../../../../../../.." + machine.canary,
            "../../../../../../../../.." + machine.canary, std::string("/nowhere")}) {
        std::filesystem::remove_all(machine.container + "/usr");
        std::filesystem::remove_all(machine.container + component);
        put_link(machine.container + component, way);
        (void)machine.configure();
        machine.expect_nothing_outside();
        machine.unmount_all();
        unlink((machine.container + component).c_str());
      }
    }
  });
}

TEST_P(HostileConfigure, a_fifo_in_the_place_of_a_file_is_covered_without_waiting_for_a_writer) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    put_directory(machine.container + native);
    put_directory(machine.container + "/dev");
    put_directory(machine.container + "/usr/local/cuda/compat");
    for (const std::string& path : {cat(native, "/libcuda.so.535.1"), std::string("/dev/nvidia0"),
                                    std::string("/usr/local/cuda/compat/libcuda.so.570.1")}) {
      ASSERT_EQ(mkfifo((machine.container + path).c_str(), 0644), 0);
    }
    const Result<> done = machine.configure();
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(read_file(machine.container + native + "/libcuda.so.535.1"),
              read_file(machine.host + "/lib/libcuda.so.535.1"));
    machine.expect_nothing_outside();
  });
}

TEST_P(HostileConfigure, a_target_that_links_to_a_file_of_the_host_is_refused_and_not_followed) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    put_link(machine.container + native + "/libcuda.so.535.1", machine.canary + "/nvidia/file");
    const auto tree = describe_tree(machine.container);
    EXPECT_FALSE(machine.configure());
    EXPECT_EQ(describe_tree(machine.container), tree);
    machine.expect_nothing_outside();
  });
}

// CVE-2024-0132: the image's own libraries are sources of mounts in this mode.
TEST_P(HostileConfigure, compat_libraries_that_link_to_files_of_the_host_are_not_mounted) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    const std::string compat = machine.container + "/usr/local/cuda/compat";
    put_link(compat + "/libcuda.so.570.1", "/../../../.." + machine.canary + "/libcuda.so.570.1");
    put_link(compat + "/libcuda-proc.so.1", "/proc/self/root" + machine.canary);
    put_link(compat + "/libcuda-root.so.1", "/");
    ASSERT_TRUE(machine.configure());
    EXPECT_FALSE(std::filesystem::exists(machine.container + native + "/libcuda.so.570.1"));
    machine.expect_nothing_outside();
  });
}

}  // namespace
}  // namespace nvbox::test
