// A made-up GPU host and an image of Debian beside it, for tests of configure.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "apply/configure.h"
#include "base/text.h"
#include "namespaced/tree.h"
#include "support/elf_stub.h"

namespace nvbox::test {

inline constexpr const char* native = "/usr/lib/x86_64-linux-gnu";
inline const std::vector<std::string> file_options = {"ro", "nosuid", "nodev", "rbind", "rprivate"};
inline const std::vector<std::string> socket_options = {"nosuid", "nodev", "rbind", "rprivate",
                                                        "noexec"};

inline void put_node(const std::string& path, unsigned minor) {
  put_directory(std::filesystem::path(path).parent_path());
  ASSERT_EQ(mknod(path.c_str(), S_IFCHR | 0666, makedev(195, minor)), 0);
}

// A GPU host with a driver of its own root, and an image of Debian.
struct GpuMachine {
  explicit GpuMachine(const std::string& scratch)
      : host(scratch + "/host"), container(scratch + "/rootfs") {
    const std::string libraries = host + "/driver/usr/lib64";
    put_file(libraries + "/libcuda.so.535.1", elf_image({.soname = "libcuda.so.1"}));
    put_file(libraries + "/libnvidia-ml.so.535.1", elf_image({.soname = "libnvidia-ml.so.1"}));
    put_file(host + "/driver/usr/lib/libcuda.so.535.1",
             elf_image({.is_64 = false, .machine = EM_386, .soname = "libcuda.so.1"}));
    put_file(host + "/driver/usr/bin/nvidia-smi", "#!");
    put_file(host + "/driver/lib/firmware/nvidia/535.1/gsp_ga10x.bin", "firmware");
    put_directory(host + "/run/nvidia-persistenced");
    mknod((host + "/run/nvidia-persistenced/socket").c_str(), S_IFSOCK | 0666, 0);
    put_node(host + "/dev/nvidia0", 0);
    put_node(host + "/dev/nvidiactl", 255);
    const std::string proc = host + "/proc/driver/nvidia";
    put_file(proc + "/params", "ResmanDebugLevel: 1\nModifyDeviceFiles: 1\n");
    put_file(proc + "/version", "NVRM version: 535.1\n");
    put_file(proc + "/gpus/0000:3b:00.0/information", "Model: T4\n");
    put_file(proc + "/gpus/0000:5e:00.0/information", "Model: another one's\n");
    put_file(proc + "/capabilities/gpu0/mig/gi1/access", "DeviceFileMinor: 12\n");
    put_file(proc + "/capabilities/gpu0/mig/gi2/access", "DeviceFileMinor: 21\n");
    put_file(container + "/etc/debian_version", "12\n");
    put_directory(container + "/proc/driver/nvidia/gpus/0000:5e:00.0");
    put_file(container + "/lib64/ld-linux-x86-64.so.2", "");
    put_directory(container + native);
  }

  apply::ConfigureRequest request() const {
    apply::ConfigureRequest out = {.rootfs = container, .host_driver_version = "535.1"};
    const auto give = [&](const std::string& path, const std::vector<std::string>& options) {
      out.edits.mounts.push_back({"/driver" + path, path, options});
    };
    give("/usr/lib64/libcuda.so.535.1", file_options);
    give("/usr/lib64/libnvidia-ml.so.535.1", file_options);
    give("/usr/lib/libcuda.so.535.1", file_options);
    give("/usr/bin/nvidia-smi", file_options);
    give("/lib/firmware/nvidia/535.1/gsp_ga10x.bin", file_options);
    out.edits.mounts.push_back(
        {"/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket", socket_options});
    out.edits.nodes = {{.path = "/dev/nvidia0", .major = 195, .minor = 0, .file_mode = 0666},
                       {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .file_mode = 0666}};
    out.work.links = {{"libcuda.so.535.1", "/usr/lib64/libcuda.so.1"},
                      {"libcuda.so.1", "/usr/lib64/libcuda.so"},
                      {"libcuda.so.535.1", "/usr/lib/libcuda.so.1"},
                      {"libnvidia-ml.so.535.1", "/usr/lib64/libnvidia-ml.so.1"}};
    out.work.library_folders = {"/usr/lib64", "/usr/lib"};
    out.work.cuda_compat_driver = "535.1";
    out.work.application_profile = true;
    out.visible_bus_ids = {"0000:3b:00.0"};
    out.visible_capabilities = {"gpu0/mig/gi1/access"};
    out.cgroups = false;
    return out;
  }

  Result<> configure(const apply::ConfigureRequest& request) {
    Log log;
    log.add(LogFormat::text, [this](std::string_view line) { warnings += line; });
    const host::Root root = NVBOX_TRY(host::Root::open(host));
    return apply::configure(root, request, log);
  }

  std::string host;
  std::string container;
  std::string warnings{};
};

inline std::string message(const Result<>& result) {
  return result ? "done" : result.error().message();
}

inline std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    out.push_back(entry.path().filename());
  }
  std::ranges::sort(out);
  return out;
}

// What the container of `GpuMachine` shows after configure, at `root`.
inline void expect_configured(const GpuMachine& machine, const std::string& root) {
  const std::string libraries = root + native;
  EXPECT_EQ(read_file(libraries + "/libcuda.so.1"),
            read_file(machine.host + "/driver/usr/lib64/libcuda.so.535.1"));
  EXPECT_EQ(read_file(root + "/usr/lib/i386-linux-gnu/libcuda.so.1"),
            read_file(machine.host + "/driver/usr/lib/libcuda.so.535.1"));
  EXPECT_EQ(read_file(root + "/usr/bin/nvidia-smi"), "#!");
  EXPECT_EQ(read_file(root + "/lib/firmware/nvidia/535.1/gsp_ga10x.bin"), "firmware");
  struct stat info {};
  EXPECT_EQ(stat((root + "/run/nvidia-persistenced/socket").c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(stat((root + "/dev/nvidiactl").c_str(), &info), 0);
  EXPECT_EQ(info.st_rdev, makedev(195, 255));
  const std::string proc = root + "/proc/driver/nvidia";
  EXPECT_EQ(names_in(proc),
            (std::vector<std::string>{"capabilities", "gpus", "params", "version"}));
  EXPECT_EQ(read_file(proc + "/params"), "ResmanDebugLevel: 1\nModifyDeviceFiles: 0\n");
  EXPECT_EQ(names_in(proc + "/gpus"), std::vector<std::string>{"0000:3b:00.0"});
  EXPECT_EQ(read_file(proc + "/gpus/0000:3b:00.0/information"), "Model: T4\n");
  EXPECT_EQ(names_in(proc + "/capabilities/gpu0/mig"), std::vector<std::string>{"gi1"});
  EXPECT_TRUE(read_file(root + "/etc/ld.so.cache").contains(cat(native, "/libcuda.so.1")));
  EXPECT_TRUE(read_file(root + "/etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf")
                  .contains("EGLVisibleDGPUDevices\",0x1]"));
}

}  // namespace nvbox::test
